import type { ReportInput, RuleOutcome, RunDocument } from '../src/run/document.ts';
import { listSlices, type Slice } from './slices.ts';
import { spellOut } from './visible-text.ts';

/**
 * Results a file holds at most. GitHub code scanning refuses more than 25,000 a run and shows the first 5,000
 * (docs.github.com, "SARIF results exceed limits").
 */
const MOST_RESULTS = 5_000;

const INFORMATION = 'https://www.npmjs.com/package/dailies';

/**
 * SARIF 2.1.0 (OASIS): one result per failed rule and shard, within the limits of GitHub code scanning; rules that could
 * not look are notifications of the invocation, suppressed findings are results with a `suppressions` entry.
 */
export function renderSarif(input: ReportInput): string {
  const { run } = input;
  const rules = run.rules.filter(
    (rule) => rule.outcome !== 'not-applicable' || (rule.suppressed ?? 0) > 0,
  );
  const indexes = new Map(rules.map((rule, index) => [rule.id, index]));
  const results = [
    ...listSlices(input, MOST_RESULTS - (run.suppressions?.entries.length ?? 0)).map((slice) =>
      toResult(slice, indexes),
    ),
    ...suppressedResults(run, indexes),
  ];
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'dailies',
            version: run.tool.version,
            semanticVersion: run.tool.version,
            informationUri: INFORMATION,
            rules: rules.map(toDescriptor),
          },
        },
        automationDetails: { id: `dailies/${run.dataset.name}/` },
        originalUriBaseIds: { DATASET: { description: { text: 'The folder of the dataset.' } } },
        columnKind: 'utf16CodeUnits',
        invocations: [toInvocation(run)],
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 1)}\n`;
}

function toDescriptor(rule: RuleOutcome): object {
  return {
    id: rule.id,
    name: pascal(rule.id),
    shortDescription: { text: rule.title },
    fullDescription: { text: rule.why },
    help: {
      text: `${rule.why}\n\nLikely step: ${rule.step}\n\nFix: ${rule.fix}`,
      markdown: `${rule.why}\n\n**Likely step:** ${rule.step}\n\n**Fix:** ${rule.fix}`,
    },
    defaultConfiguration: { level: rule.severity },
    properties: { tags: ['dataset', rule.family], precision: 'high' },
  };
}

function toResult(slice: Slice, indexes: ReadonlyMap<string, number>): object {
  const { rule } = slice;
  const line = (slice.rowNumber ?? 0) + 1;
  const state = baselineState(rule);
  return {
    ruleId: rule.id,
    ruleIndex: indexes.get(rule.id) ?? -1,
    level: rule.severity,
    kind: 'fail',
    message: { text: slice.message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: toUri(slice.shard ?? '.'), uriBaseId: 'DATASET' },
          region: { startLine: line },
        },
        logicalLocations: [{ fullyQualifiedName: slice.shard ?? 'dataset', kind: 'module' }],
      },
    ],
    // GitHub follows primaryLocationLineHash alone from one upload to the next.
    partialFingerprints: {
      'dailiesRuleAndShard/v1': slice.fingerprint,
      primaryLocationLineHash: `${slice.fingerprint}:1`,
    },
    ...(state === null ? {} : { baselineState: state }),
    properties: { affected: slice.affected, examined: slice.examined },
  };
}

function suppressedResults(
  run: RunDocument,
  indexes: ReadonlyMap<string, number>,
): readonly object[] {
  return (run.suppressions?.entries ?? [])
    .filter((entry) => entry.state === 'used' && indexes.has(entry.rule))
    .map((entry) => ({
      ruleId: entry.rule,
      ruleIndex: indexes.get(entry.rule) ?? -1,
      level: run.rules.find((rule) => rule.id === entry.rule)?.severity ?? 'note',
      kind: 'fail',
      message: {
        text: `${entry.suppressed} suppressed: ${spellOut(entry.selector)}`,
      },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: '.', uriBaseId: 'DATASET' },
            region: { startLine: 1 },
          },
        },
      ],
      partialFingerprints: {
        'dailiesSuppression/v1': entry.fingerprint,
        primaryLocationLineHash: `${entry.fingerprint}:1`,
      },
      suppressions: [
        { kind: 'external', status: 'accepted', justification: spellOut(entry.reason) },
      ],
      properties: { affected: entry.suppressed },
    }));
}

/** What a rule that failed is against the earlier run; null without one. */
function baselineState(rule: RuleOutcome): 'new' | 'unchanged' | 'updated' | null {
  const { baseline } = rule;
  if (baseline === undefined) return null;
  if (baseline.outcome !== 'failed') return 'new';
  return baseline.new > 0 || baseline.absent > 0 ? 'updated' : 'unchanged';
}

function toInvocation(run: RunDocument): object {
  const blocked = run.rules.filter(
    (rule) => rule.outcome === 'incomplete' || rule.outcome === 'errored',
  );
  return {
    executionSuccessful: run.run.state === 'complete',
    exitCode: run.verdict.exitCode,
    exitCodeDescription: run.verdict.sentence,
    startTimeUtc: run.run.startedAt,
    toolExecutionNotifications: [
      ...blocked.map((rule) => ({
        level: rule.outcome === 'errored' ? 'error' : 'warning',
        message: { text: `${rule.id} ${rule.outcome}: ${spellOut(rule.reason ?? 'no reason')}` },
        associatedRule: { id: rule.id },
      })),
      ...run.notLookedAt.slice(0, 100).map((gap) => ({
        level: 'note',
        message: { text: `not looked at: ${spellOut(gap.what)} (${spellOut(gap.reason)})` },
      })),
    ],
  };
}

function toUri(path: string): string {
  return path
    .split('/')
    .map((part) => encodeURIComponent(wellFormed(part)))
    .join('/');
}

/** Half surrogate pairs, which no URI can hold, become U+FFFD. */
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

function pascal(id: string): string {
  return id
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
}
