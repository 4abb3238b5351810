import type { RuleOutcomeKind, RuleScope, Severity } from '../src/judge/rule.ts';
import type { Localisation, RuleOutcome, RunDocument } from '../src/run/document.ts';
import { spellOut } from './visible-text.ts';

/** Marks differ in shape, so that severity is never told by colour alone. */
export const SEVERITY_WORDS = {
  error: { mark: '✕', one: 'error', many: 'errors' },
  warning: { mark: '▲', one: 'warning', many: 'warnings' },
  note: { mark: '●', one: 'note', many: 'notes' },
} as const satisfies Record<Severity, { mark: string; one: string; many: string }>;

export const VERDICT_WORDS = {
  passed: { mark: '✓', word: 'passed' },
  failed: { mark: '✕', word: 'failed' },
  incomplete: { mark: '◐', word: 'incomplete' },
} as const satisfies Record<RunDocument['verdict']['outcome'], { mark: string; word: string }>;

export const OUTCOME_WORDS = {
  failed: 'failed',
  passed: 'passed',
  'not-applicable': 'not applicable',
  incomplete: 'incomplete',
  errored: 'errored',
} as const satisfies Record<RuleOutcomeKind, string>;

/** What one unit of `affected` and `examined` is. */
export const SCOPE_UNITS = {
  clip: { one: 'row', many: 'rows' },
  group: { one: 'row', many: 'rows' },
  dataset: { one: 'unit', many: 'units' },
  versions: { one: 'unit', many: 'units' },
} as const satisfies Record<RuleScope, { one: string; many: string }>;

/** What a rule counts: rules about captions and clips count rows, whatever they look at together. */
export function unitsOf(rule: RuleOutcome): { readonly one: string; readonly many: string } {
  return rule.family === 'alignment' ? SCOPE_UNITS.clip : SCOPE_UNITS[rule.scope];
}

export const PATTERN_WORDS = {
  clustered: 'clustered: a pipeline step did this',
  scattered: 'scattered: noise in the content',
  everywhere: 'everywhere: the whole dataset is like this',
} as const satisfies Record<Localisation['pattern'], string>;

/** Headings and sentences of the HTML page. */
export const PAGE_WORDS = {
  skip: 'Skip to the verdict',
  worst: 'Worst findings',
  worstSeen: 'The worst findings, seen',
  worstNote:
    'Errors first, then warnings, then notes; in each by the rows affected at the least (lower end of the 95 % interval).',
  notLookedAt: 'Not looked at',
  notLookedAtNone: 'Everything that was planned was looked at.',
  leftOut: 'Left out of this page',
  alignment: 'Captions and clips',
  alignmentQuiet: 'How a shard in order looks:',
  suppressions: 'Suppressions',
  selftest: 'Self-test',
  allReasons: 'All gaps, with reasons',
  allFacts: 'All facts',
  since: 'Since the earlier run',
  bothVersions: 'Both versions side by side',
  sinceNone:
    'No earlier run was given: --against <run> tells new findings from old and fixed ones.',
  dataset: 'Dataset',
  reproduce: 'Reproduce',
  rules: 'Rules that failed',
  rulesNone: 'No rule failed.',
  otherRules: 'Rules that did not fail',
  findings: 'All findings',
  findingsNone: 'There are no findings.',
  findingsNoScript:
    'The table of all findings needs scripts. The same rows lie in findings.parquet in the run folder; the clips above show the worst of them.',
  findingsFailed:
    'The table could not be unpacked in this browser. The same rows lie in findings.parquet in the run folder.',
  why: 'Why it matters',
  step: 'Likely step',
  fix: 'Fix',
  options: 'Options',
  needs: 'Reads',
  sql: 'SQL',
  references: 'References',
  where: 'Where',
  noPicture: 'No picture was made or kept of this clip.',
  noMedium: 'This medium cannot be shown.',
  notPlayable:
    'This browser cannot play the file. The frames below were decoded by dailies, if it could.',
  noCaption: 'no caption',
  emptyCaption: 'nothing but white space',
  noScaleNote: 'Logarithmic scale; the dot is the rate, the bar its 95 % interval.',
} as const;

/** Fewer hits than this lie somewhere by chance. */
const PLACE_HITS_MIN = 4;

/** Where a rule's hits lie, in one line; empty where that would say nothing: few hits, a single shard. */
export function placeWords(run: RunDocument, rule: RuleOutcome): string {
  const { localisation } = rule;
  if (localisation === null) return '';
  const isTold =
    rule.affected >= PLACE_HITS_MIN &&
    (run.dataset.shards.length > 1 || localisation.pattern === 'clustered');
  return isTold ? spellOut(localisation.sentence) : '';
}
