import { createHash } from 'node:crypto';

import type { Severity } from '../src/judge/rule.ts';
import type { Finding, ReportInput, RuleOutcome, RunDocument } from '../src/run/document.ts';
import { formatCount, formatPercent } from './figures.ts';
import { rankFailed } from '../src/rank-rules.ts';
import { cutText, spellOut } from './visible-text.ts';
import { SCOPE_UNITS } from './words.ts';

/** One rule in one part of the dataset: what a list of problems in CI has one entry for. */
export type Slice = {
  readonly rule: RuleOutcome;
  /** Shard, relative to the dataset; null: the dataset as a whole. */
  readonly shard: string | null;
  readonly affected: number;
  readonly examined: number;
  /** First known bad row in the shard, 0-based. */
  readonly rowNumber: number | null;
  /** One line: how many, of what, and an example. */
  readonly message: string;
  /** Stable while rule and shard keep their names: sha256, 16 hex digits. */
  readonly fingerprint: string;
};

/** Longest example in a message. */
const EXAMPLE_CHARACTERS = 200;

/**
 * The failed rules of a run by shard, worst first: of each rule the shards with the most hits, the rest as one more slice.
 * Never more than `most` slices.
 */
export function listSlices(input: ReportInput, most: number): readonly Slice[] {
  const { run } = input;
  const failed = rankFailed(run).slice(0, most);
  const perRule = Math.max(1, Math.floor(most / Math.max(1, failed.length)));
  const examples = firstFindings(input.findings);
  return failed.flatMap((rule) => slicesOf(run, rule, examples, perRule));
}

/** The first finding of each rule, and of each rule in each shard. */
function firstFindings(findings: readonly Finding[]): ReadonlyMap<string, Finding> {
  const first = new Map<string, Finding>();
  for (const finding of findings) {
    const inShard = `${finding.rule_id}\0${finding.shard ?? ''}`;
    const known = first.get(inShard);
    if (known === undefined || (finding.row_number ?? 0) < (known.row_number ?? 0)) {
      first.set(inShard, finding);
    }
    if (!first.has(finding.rule_id)) first.set(finding.rule_id, finding);
  }
  return first;
}

function slicesOf(
  run: RunDocument,
  rule: RuleOutcome,
  examples: ReadonlyMap<string, Finding>,
  most: number,
): readonly Slice[] {
  const shards = (rule.localisation?.shards ?? [])
    .filter((each) => each.affected > 0)
    .toSorted((a, b) => b.affected - a.affected || a.shard - b.shard);
  if (shards.length === 0 || most < 2) {
    const { affected, examined } = rule;
    return [makeSlice(rule, null, { affected, examined }, examples.get(rule.id), '')];
  }
  const isCut = shards.length > most;
  const shown = isCut ? shards.slice(0, most - 1) : shards;
  const names = new Map(run.dataset.shards.map((shard) => [shard.index, shard.name]));
  const slices = shown.map((each) => {
    const name = names.get(each.shard) ?? String(each.shard);
    return makeSlice(rule, name, each, examples.get(`${rule.id}\0${name}`), '');
  });
  if (!isCut) return slices;
  const rest = shards.slice(shown.length);
  const sum = {
    affected: rest.reduce((total, each) => total + each.affected, 0),
    examined: rest.reduce((total, each) => total + each.examined, 0),
  };
  return [
    ...slices,
    makeSlice(rule, null, sum, undefined, ` in ${formatCount(rest.length)} other shards`),
  ];
}

function makeSlice(
  rule: RuleOutcome,
  shard: string | null,
  count: { readonly affected: number; readonly examined: number },
  example: Finding | undefined,
  where: string,
): Slice {
  const units = SCOPE_UNITS[rule.scope];
  const rate = count.examined === 0 ? '' : ` (${formatPercent(count.affected / count.examined)})`;
  const extent = `${formatCount(count.affected)} of ${formatCount(count.examined)} ${units.many}${rate}${where}`;
  const said =
    example === undefined
      ? ''
      : ` For example ${example.key === null ? '' : `${oneLine(example.key)}: `}${oneLine(example.message)}`;
  return {
    rule,
    shard,
    affected: count.affected,
    examined: count.examined,
    rowNumber: example?.row_number ?? null,
    message: `${rule.title}: ${extent}.${said}`,
    fingerprint: createHash('sha256')
      .update(`${rule.id}\0${shard ?? ''}${where === '' ? '' : '\0rest'}`)
      .digest('hex')
      .slice(0, 16),
  };
}

function oneLine(text: string): string {
  const { head, leftOut } = cutText(text, EXAMPLE_CHARACTERS);
  return `${spellOut(head)}${leftOut > 0 ? '…' : ''}`;
}

const SEVERITY_ORDER = ['note', 'warning', 'error'] as const satisfies readonly Severity[];

/** Whether a failed rule of this severity turns the gate red. */
export function reachesGate(severity: Severity, failOn: Severity | 'never'): boolean {
  return failOn !== 'never' && SEVERITY_ORDER.indexOf(severity) >= SEVERITY_ORDER.indexOf(failOn);
}
