import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { loadRules } from '../src/judge/load-rules.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { RATES, generateCaptions, measureAlarms, measureRecall, readCaptions } from './captions.ts';
import { CHECKED_ALARMS } from './checked-alarms.ts';
import { printManifestRecall } from './detection-manifest.ts';

/** Sets with real captions below a data folder, as published. */
const SETS = [
  'audiocaps-v1-v2/v1',
  'audiocaps-v1-v2/v2',
  'coco2014-captions',
  'iiw-cm3600-v1-v2/v1',
  'iiw-cm3600-v1-v2/v2',
  'imagetext-parquet/laion-test_10000.parquet',
  'sugarcrepe-fix/after',
] as const;

/** Captions taken of each set. */
const MOST_CAPTIONS = 10_000;

/** Captions of each set that faults are put into. */
const MOST_SPOILED = 1_500;

/** Least recall of rules that must find every fault, and of those that go by signs. */
const LEAST = { exact: 1, heuristic: 0.98, group: 0 } as const;

/** Most false alarms of a rule of severity `error`, as a share of the captions. */
const MOST_FALSE = 0.001;

/**
 * Recall of every row rule for faults put into real captions, then what the rules report of the untouched ones, beside what a person
 * found when reading them. The first argument is a folder with the published sets; without it captions are made up.
 */
async function main(folder: string | null): Promise<void> {
  const paths = folder === null ? [] : SETS.filter((set) => existsSync(join(folder, set)));
  const sets = await Promise.all(
    paths.map(async (set) => ({
      set,
      captions: await readCaptions(join(folder ?? '', set), {}, MOST_CAPTIONS),
    })),
  );
  const real = sets.flatMap(({ captions }) => captions.slice(0, MOST_SPOILED));
  const captions = real.length === 0 ? generateCaptions() : real;
  await printRecall(captions, real.length === 0 ? 'made up' : `real, of ${sets.length} sets`);
  const all = real.length === 0 ? [{ set: 'made up', captions }] : sets;
  await printAlarms(all);
  console.log('');
  await printManifestRecall(
    paths.filter((set) => set.startsWith('coco')).map((set) => join(folder ?? '', set)),
  );
}

async function printRecall(captions: readonly string[], origin: string): Promise<void> {
  console.log(
    `${captions.length.toLocaleString('en-US')} captions (${origin}); recall by share of faulty rows`,
  );
  print(['rule', 'fault', ...RATES.map((rate) => `${rate * 100} %`), 'goal']);
  const missed: string[] = [];
  for (const { rule, fault, kind, shares } of await measureRecall(captions)) {
    const goal = kind === 'group' ? '' : `>= ${LEAST[kind]}`;
    print([rule, fault, ...shares.map((each) => each?.toFixed(4) ?? '-'), goal]);
    if (shares.some((each) => each !== null && each < LEAST[kind])) missed.push(`${rule} ${fault}`);
  }
  console.log(missed.length === 0 ? 'every goal is met' : `goals missed: ${missed.join(', ')}`);
}

async function printAlarms(
  sets: readonly { readonly set: string; readonly captions: readonly string[] }[],
): Promise<void> {
  const severities = new Map((await loadRules()).map((rule) => [rule.id, rule.severity]));
  console.log('\nreported of the untouched captions, and what reading them showed');
  print(['rule', 'set', 'reported', 'false', 'cause']);
  const falseErrors = new Map<string, number>();
  let count = 0;
  for (const { set, captions } of sets) {
    count += captions.length;
    for (const [rule, found] of await measureAlarms(captions)) {
      if (found.length === 0) continue;
      const known = CHECKED_ALARMS.find((each) => each.set === set && each.rule === rule);
      const wrong = known === undefined ? found.length : known.falseAlarms(found);
      print([rule, set, String(found.length), String(wrong), known?.cause ?? 'not looked at yet']);
      if (severities.get(rule) === 'error')
        falseErrors.set(rule, (falseErrors.get(rule) ?? 0) + wrong);
    }
  }
  for (const [rule, wrong] of falseErrors)
    console.log(
      `${rule} (error): ${wrong} false of ${count.toLocaleString('en-US')} captions, ${((100 * wrong) / count).toFixed(4)} %${wrong / count < MOST_FALSE ? '' : ': above the goal of 0.1 %'}`,
    );
}

function print(cells: readonly string[]): void {
  console.log(
    cells
      .map((cell, index) => cell.padEnd([26, 28][index] ?? 10))
      .join('')
      .trimEnd(),
  );
}

const beside = join(PACKAGE_ROOT, '../shared/data');
await main(process.argv[2] ?? (existsSync(beside) ? beside : null));
