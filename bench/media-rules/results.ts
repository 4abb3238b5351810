import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { groupBy } from './group-by.ts';
import type { VariantKind } from './variants.ts';

/** How often a rule found fault with one kind of clip. */
export type Tally = {
  readonly variant: string;
  readonly kind: VariantKind;
  /** The codec, or `any`. */
  readonly codec: string;
  readonly count: number;
  readonly hits: number;
};

/** What was measured of one rule. */
export type RuleResult = {
  readonly rule: string;
  readonly severity: string;
  /** What one trial is: a clip, or a shard with a number of scenes. */
  readonly unit: string;
  readonly tallies: readonly Tally[];
};

const GOAL_RECALL = 0.97;
const GOAL_ALARMS: Readonly<Record<string, number>> = { error: 0.001, warning: 0.01, note: 0.05 };

/** Keeps the result of a rule until the table is printed. */
export function keepResult(root: string, result: RuleResult): void {
  const folder = join(root, 'results');
  mkdirSync(folder, { recursive: true });
  const name = result.unit === 'clip' ? result.rule : `${result.rule}-${result.unit.split(' ')[0]}`;
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(result, null, 1));
}

/** All kept results, by rule. */
export function readResults(root: string): readonly RuleResult[] {
  const folder = join(root, 'results');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name): RuleResult => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

type Sum = { readonly count: number; readonly hits: number };

/** Trials and hits of the tallies that a condition picks. */
export function sumOf(tallies: readonly Tally[], picks: (tally: Tally) => boolean): Sum {
  const picked = tallies.filter(picks);
  return {
    count: picked.reduce((sum, tally) => sum + tally.count, 0),
    hits: picked.reduce((sum, tally) => sum + tally.hits, 0),
  };
}

/** Prints hits by variant, and the codecs in which some were wrong. */
export function printTallies(id: string, tallies: readonly Tally[]): void {
  console.log(id);
  const variants = groupBy(tallies, (tally) => `${tally.kind} ${tally.variant}`);
  for (const [name, own] of variants) {
    const { count, hits } = sumOf(own, () => true);
    const codecs = own
      .filter((tally) => tally.hits !== (tally.kind === 'lookalike' ? 0 : tally.count))
      .map((tally) => `${tally.codec} ${tally.hits}/${tally.count}`);
    console.log(`  ${name.padEnd(50)} ${hits}/${count}  ${codecs.join(', ')}`);
  }
}

/** The table of all results, Markdown; a goal that is missed stands in bold. */
export function resultTable(results: readonly RuleResult[]): string {
  const rows = results.map(({ rule, severity, unit, tallies }) => {
    const design = sumOf(tallies, (tally) => tally.kind === 'design');
    const weak = sumOf(tallies, (tally) => tally.kind === 'weak');
    const clean = sumOf(tallies, (tally) => tally.kind === 'lookalike');
    const goal = GOAL_ALARMS[severity] ?? 0.01;
    const recall = design.count === 0 ? '–' : (design.hits / design.count).toFixed(3);
    const isLow = design.count > 0 && design.hits < GOAL_RECALL * design.count;
    // One alarm among fewer clips than the goal can tell of is no proof either way.
    const isLoud = clean.hits > Math.max(goal * clean.count, 0);
    return [
      `\`${rule}\``,
      severity,
      unit,
      design.count === 0 ? '–' : `${mark(recall, isLow)} of ${design.count}`,
      weak.count === 0 ? '' : `${(weak.hits / weak.count).toFixed(2)} of ${weak.count}`,
      `${mark(clean.hits === 0 ? '0' : `${((100 * clean.hits) / clean.count).toFixed(2)} %`, isLoud)} of ${clean.count}`,
    ];
  });
  const head = ['rule', 'severity', 'unit', 'recall', 'weaker faults', 'false alarms'];
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function mark(text: string, isMissed: boolean): string {
  return isMissed ? `**${text}**` : text;
}
