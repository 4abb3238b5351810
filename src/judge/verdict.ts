import type { RuleOutcome, RunDocument, SuppressionOutcome } from '../run/document.ts';
import { rankWorst } from '../rank-rules.ts';
import type { RuleOutcomeKind, Severity } from './rule.ts';

const SEVERITY_ORDER = ['note', 'warning', 'error'] as const satisfies readonly Severity[];

type GatePolicy = {
  readonly failOn: Severity | 'never';
  readonly allowIncomplete: boolean;
  /** Whether expired and useless suppressions fail. */
  readonly isStrict?: boolean;
};

/**
 * The verdict of a run. Exit code 1: a rule at or above `failOn` failed; 3: a rule could not be judged and that was not
 * allowed; 0: neither. Nothing examined is never a pass.
 */
export function decideVerdict(
  outcomes: readonly RuleOutcome[],
  rows: number,
  policy: GatePolicy,
  suppressions: readonly SuppressionOutcome[] = [],
  unreachable?: RunDocument['unreachable'],
): RunDocument['verdict'] {
  const counts: Record<RuleOutcomeKind, number> = {
    passed: 0,
    failed: 0,
    'not-applicable': 0,
    incomplete: 0,
    errored: 0,
  };
  const failed: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  for (const each of outcomes) {
    counts[each.outcome] += 1;
    if (each.outcome === 'failed') failed[each.severity] += 1;
  }
  const stale = suppressions.filter((each) => each.state === 'expired' || each.state === 'useless');
  const gateFails =
    (policy.isStrict === true && stale.length > 0) ||
    outcomes.some((each) => each.outcome === 'failed' && reachesGate(each.severity, policy.failOn));
  const isOutOfReach = unreachable !== undefined && isOverLimit(unreachable);
  const isIncomplete =
    isOutOfReach ||
    counts.incomplete + counts.errored > 0 ||
    rows === 0 ||
    counts.passed + counts.failed === 0;
  const blocks = isIncomplete && !policy.allowIncomplete;
  return {
    // A gate that lets everything through changes the exit code, not the truth.
    outcome: gateFails || failed.error > 0 ? 'failed' : isIncomplete ? 'incomplete' : 'passed',
    sentence: [
      sentence(counts, failed, rows, isIncomplete, worstWords(outcomes, rows)),
      ...(unreachable !== undefined && isOutOfReach ? [unreachableSentence(unreachable)] : []),
      ...suppressionSentences(outcomes, stale.length, policy.isStrict === true),
    ].join(' '),
    failOn: policy.failOn,
    exitCode: gateFails ? 1 : blocks ? 3 : 0,
    failed,
    outcomes: counts,
  };
}

/** The verdict of a run that was stopped: never a pass, whatever was judged by then. */
export function interruptedVerdict(
  outcomes: readonly RuleOutcome[],
  rows: number,
  policy: GatePolicy,
): RunDocument['verdict'] {
  const verdict = decideVerdict(outcomes, rows, policy);
  return {
    ...verdict,
    outcome: verdict.outcome === 'failed' ? 'failed' : 'incomplete',
    sentence: `Interrupted before the end. ${rows === 0 ? 'Nothing was examined.' : verdict.sentence}`,
    exitCode: 130,
  };
}

/** Whether a failed rule of this severity turns the gate red. */
export function reachesGate(severity: Severity, failOn: GatePolicy['failOn']): boolean {
  return failOn !== 'never' && SEVERITY_ORDER.indexOf(severity) >= SEVERITY_ORDER.indexOf(failOn);
}

function sentence(
  counts: Readonly<Record<RuleOutcomeKind, number>>,
  failed: Readonly<Record<Severity, number>>,
  rows: number,
  isIncomplete: boolean,
  worst: string,
): string {
  if (rows === 0) return 'Nothing was examined: the dataset has no rows.';
  const judged = counts.passed + counts.failed;
  const parts = SEVERITY_ORDER.toReversed()
    .filter((severity) => failed[severity] > 0)
    .map((severity) => `${failed[severity]} ${severity}${failed[severity] === 1 ? '' : 's'}`);
  const found =
    parts.length === 0
      ? `No bugs found by ${judged} rules in ${rows.toLocaleString('en-US')} clips`
      : `${listed(parts)} in ${rows.toLocaleString('en-US')} clips (${counts.failed} of ${judged} rules failed)${worst}`;
  const gap = counts.incomplete + counts.errored;
  return `${found}${isIncomplete && gap > 0 ? `; ${gap} rule${gap === 1 ? '' : 's'} could not be judged` : ''}.`;
}

/** `, the worst: captions that say nothing, on 5 of 8 rows`; a single finding is named without being the worst. */
function worstWords(outcomes: readonly RuleOutcome[], rows: number): string {
  const [worst, second] = rankWorst({ rules: outcomes, dataset: { rows } });
  if (worst === undefined) return '';
  const { title, scope, affected, examined } = worst;
  const isWord = /^[A-Z][a-z ]/.test(title);
  const named = isWord ? `${title.slice(0, 1).toLowerCase()}${title.slice(1)}` : title;
  const share =
    scope === 'clip' || scope === 'group'
      ? `, on ${affected.toLocaleString('en-US')} of ${examined.toLocaleString('en-US')} rows`
      : '';
  return `${second === undefined ? ':' : ', the worst:'} ${named}${share}`;
}

function one(count: number, word: string): string {
  return `${count.toLocaleString('en-US')} ${word}${count === 1 ? '' : 's'}`;
}

function suppressionSentences(
  outcomes: readonly RuleOutcome[],
  stale: number,
  isStrict: boolean,
): readonly string[] {
  const suppressed = outcomes.reduce((sum, each) => sum + (each.suppressed ?? 0), 0);
  return [
    ...(suppressed > 0
      ? [`${one(suppressed, 'finding')} ${suppressed === 1 ? 'is' : 'are'} suppressed.`]
      : []),
    ...(stale > 0
      ? [
          `${one(stale, 'suppression')} ${stale === 1 ? 'is' : 'are'} expired or useless${isStrict ? ', which --strict forbids' : ''}.`,
        ]
      : []),
  ];
}

function listed(parts: readonly string[]): string {
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

/** Whether so many media could not be reached that the run counts as incomplete. */
export function isOverLimit(unreachable: NonNullable<RunDocument['unreachable']>): boolean {
  return unreachable.media > unreachable.allowed * unreachable.planned;
}

function unreachableSentence({
  media,
  planned,
  allowed,
}: NonNullable<RunDocument['unreachable']>): string {
  const share = `${Number((100 * allowed).toPrecision(3))} %`;
  return `${media.toLocaleString('en-US')} of ${planned.toLocaleString('en-US')} ${planned === 1 ? 'medium' : 'media'} could not be reached, more than the ${share} that are allowed.`;
}

/** What nobody looked at, most first. */
export function listNotLookedAt(
  outcomes: readonly RuleOutcome[],
  shards: readonly {
    readonly name: string;
    readonly state: 'read' | 'unread';
    readonly error: string | null;
    readonly badRows: number;
    readonly faultyRows: number;
  }[],
  sample: { readonly size: number; readonly population: number } | null,
  unreachable?: RunDocument['unreachable'],
): RunDocument['notLookedAt'] {
  const entries: RunDocument['notLookedAt'][number][] = [];
  for (const shard of shards) {
    if (shard.state === 'unread') {
      entries.push({ what: `shard ${shard.name}`, count: 1, reason: shard.error ?? 'unreadable' });
    }
    if (shard.faultyRows > 0) {
      entries.push({
        what: `rows of ${shard.name}`,
        count: shard.faultyRows,
        reason: `damaged pages: ${shard.error ?? 'unreadable'}`,
      });
    }
    if (shard.badRows > 0) {
      entries.push({
        what: `records of ${shard.name}`,
        count: shard.badRows,
        reason: 'malformed: they are no rows',
      });
    }
  }
  if (unreachable !== undefined) {
    const said = unreachable.reasons.map(({ reason, count }) => `${count} × ${reason}`);
    entries.push({
      what: 'media that could not be reached',
      count: unreachable.media,
      reason: said.join('; '),
    });
  }
  if (sample !== null && sample.size < sample.population) {
    entries.push({
      what: 'media of clips outside the sample',
      count: sample.population - sample.size,
      reason: `${sample.size.toLocaleString('en-US')} of ${sample.population.toLocaleString('en-US')} clips were drawn`,
    });
  }
  const byReason = new Map<string, string[]>();
  for (const each of outcomes) {
    if (each.reason === null || each.outcome === 'passed') continue;
    const key = `${each.outcome}\0${each.reason}`;
    byReason.set(key, [...(byReason.get(key) ?? []), each.id]);
  }
  for (const [key, ids] of byReason) {
    const [outcome = '', reason = ''] = key.split('\0');
    entries.push({
      what: `${outcome === 'failed' ? 'part of' : outcome + ':'} ${ids.join(', ')}`,
      count: ids.length,
      reason,
    });
  }
  return entries;
}
