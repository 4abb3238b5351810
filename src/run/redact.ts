import { createHash } from 'node:crypto';

import type { Finding, ReportInput, RuleOutcome, RunDocument } from './document.ts';

const HIDDEN = '[redacted]';

/** A key as a redacted run shows it: sha256 of seed and key, 16 hex digits, so that equal keys stay equal. */
function hashedKey(seed: string, key: string): string {
  return createHash('sha256').update(`${seed}/${key}`).digest('hex').slice(0, 16);
}

/** The same as SQL over an expression of text; the seed is quoted by the caller. */
export function hashedKeySql(quotedSeed: string, expression: string): string {
  return `left(sha256(${quotedSeed} || '/' || ${expression}), 16)`;
}

/** A shard as a redacted run shows it. */
function shardAlias(index: number): string {
  return `shard-${String(index).padStart(5, '0')}`;
}

/**
 * A report without anything of the data but numbers: keys become hashes, shards numbers, and captions, paths, values,
 * pictures and every sentence that may quote them are left out. What a rule is and how much it found stays.
 */
export function redact(input: ReportInput): ReportInput {
  const { run } = input;
  const { seed } = run.run;
  const aliases = new Map(run.dataset.shards.map((shard) => [shard.name, shardAlias(shard.index)]));
  const titles = new Map(run.rules.map((rule) => [rule.id, rule.title]));
  const alias = (name: string): string => aliases.get(name) ?? hashedKey(seed, name);
  return {
    run: redactRun(run, alias),
    findings: input.findings.map((finding) => ({
      ...finding,
      key: finding.key === null ? null : hashedKey(seed, finding.key),
      shard: finding.shard === null ? null : alias(finding.shard),
      message: titles.get(finding.rule_id) ?? finding.rule_id,
      values: numbersOf(finding.values),
    })),
    clips: [],
    leftOut: [...input.leftOut, 'keys, paths, captions, values and pictures: the run is redacted'],
  };
}

/** Whether a run was written by `--redact`. */
export function isRedacted(run: RunDocument): boolean {
  return run.dataset.paths.length > 0 && run.dataset.paths.every((path) => path === HIDDEN);
}

function withoutStores({
  stores: _stores,
  embedded: _embedded,
  ...dataset
}: RunDocument['dataset']): RunDocument['dataset'] {
  return dataset;
}

function redactRun(run: RunDocument, alias: (name: string) => string): RunDocument {
  const { seed } = run.run;
  return {
    ...run,
    run: { ...run.run, command: ['dailies', 'scan', HIDDEN] },
    dataset: {
      ...withoutStores(run.dataset),
      name: `dataset-${hashedKey(seed, run.dataset.name).slice(0, 8)}`,
      paths: run.dataset.paths.map(() => HIDDEN),
      mediaRoot: run.dataset.mediaRoot === null ? null : HIDDEN,
      shards: run.dataset.shards.map((shard) => ({
        ...shard,
        name: alias(shard.name),
        error: shard.error === null ? null : HIDDEN,
      })),
      columns: run.dataset.columns.map((column) => ({ ...column, reason: HIDDEN })),
    },
    rules: run.rules.map((rule) => redactRule(rule, seed, alias)),
    notLookedAt: run.notLookedAt.map((gap) => redactGap(gap, alias)),
    ...(run.baseline === undefined
      ? {}
      : {
          baseline: {
            ...run.baseline,
            dataset: HIDDEN,
            absentFindings: run.baseline.absentFindings.map((finding) => ({
              ...finding,
              key: finding.key === null ? null : hashedKey(seed, finding.key),
              message: HIDDEN,
            })),
          },
        }),
    ...(run.suppressions === undefined
      ? {}
      : {
          suppressions: {
            file: HIDDEN,
            entries: run.suppressions.entries.map((entry) => ({
              ...entry,
              selector: HIDDEN,
              reason: HIDDEN,
              owner: entry.owner === null ? null : HIDDEN,
            })),
          },
        }),
    ...(run.alignment === undefined
      ? {}
      : {
          alignment: run.alignment.map((each) => ({
            ...each,
            shard: each.shard === null ? null : alias(each.shard),
            reason: each.reason === null ? null : HIDDEN,
            stretch: each.stretch === null ? null : { ...each.stretch, sentence: HIDDEN },
          })),
        }),
    isRedacted: true,
  };
}

function redactRule(rule: RuleOutcome, seed: string, alias: (name: string) => string): RuleOutcome {
  const { localisation } = rule;
  // Why a rule is not applicable speaks of columns; every other reason may quote the data.
  const isAboutColumns = rule.outcome === 'not-applicable';
  return {
    ...rule,
    reason:
      rule.reason === null || isAboutColumns ? rule.reason : (rule.budget?.sentence ?? HIDDEN),
    localisation:
      localisation === null
        ? null
        : {
            ...localisation,
            sentence: localisation.pattern,
            statistic: HIDDEN,
            slices: localisation.slices.map((slice) => ({
              ...slice,
              value: hashedKey(seed, slice.value),
            })),
            first:
              localisation.first === null
                ? null
                : {
                    shard: alias(localisation.first.shard),
                    rowNumber: localisation.first.rowNumber,
                    key: hashedKey(seed, localisation.first.key),
                  },
          },
  };
}

type Gap = RunDocument['notLookedAt'][number];

/** Gaps about shards carry their names; the others speak of rules and counts, and their reasons may quote. */
function redactGap(gap: Gap, alias: (name: string) => string): Gap {
  const shard = /^(shard|records of|rows of) (.*)$/s.exec(gap.what);
  if (shard !== null) {
    return { ...gap, what: `${shard[1] ?? ''} ${alias(shard[2] ?? '')}`, reason: HIDDEN };
  }
  const isPlain = /^(not-applicable: |media of clips outside the sample$)/.test(gap.what);
  return isPlain ? gap : { ...gap, reason: HIDDEN };
}

function numbersOf(values: Finding['values']): Finding['values'] {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) =>
        (typeof value === 'number' || typeof value === 'boolean') &&
        !/key|path|caption|id$|hash/.test(name),
    ),
  );
}
