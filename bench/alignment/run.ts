import {
  assessShards,
  readShard,
  type ShardAssessment,
  type ShardReading,
} from '../../src/analyses/alignment/assess-shard.ts';
import { SimilarityBand } from '../../src/analyses/alignment/similarity-band.ts';
import { exactInterval } from '../../src/sampling/binomial.ts';
import { printCost } from './cost.ts';
import { printOtherAlarms, printSourceFaults } from './other-evidence.ts';
import { scanRealPairs } from './real-pairs.ts';
import {
  DIMENSION,
  type Pairs,
  reorder,
  shuffled,
  type Simulation,
  simulatePairs,
} from './simulate-pairs.ts';
import { printWordAlarms, printWordPower, wordShiftPower } from './word-evidence.ts';

/** Runs of one cell where power is measured, and where false alarms are: one in a hundred has to be told from none. */
const RUNS = Number(process.argv.find((each) => /^--runs=\d+$/.test(each))?.slice(7) ?? 100);
const NULL_RUNS = Number(process.argv.find((each) => /^--null=\d+$/.test(each))?.slice(7) ?? 500);
/** Rows of the cost table; 0 leaves it out. */
const COST_ROWS = Number(
  process.argv.find((each) => /^--cost=\d+$/.test(each))?.slice(7) ?? 100_000,
);

/** Rows of a row group of the cost table; DuckDB rounds up to a multiple of 2,048. */
const ROW_GROUP = Number(given('row-group') ?? 20_480);

type Change = (text: Float32Array, seed: number) => Float32Array;
type Outcome = {
  readonly seed: number;
  readonly reading: ShardReading;
  readonly assessment: ShardAssessment;
};

const CLEAN: Change = (text) => text;

function readingOf(pairs: Pairs): ShardReading {
  const rows = pairs.picture.length / DIMENSION;
  const band = new SimilarityBand(DIMENSION, rows);
  for (let row = 0; row < rows; row += 1) {
    const slice = { start: row * DIMENSION, length: DIMENSION };
    band.add(row, { values: pairs.picture, ...slice }, { values: pairs.text, ...slice });
  }
  return readShard(band.finish());
}

function repeat(plan: Omit<Simulation, 'seed'>, change: Change, runs = RUNS): readonly Outcome[] {
  return Array.from({ length: runs }, (_, run) => {
    const seed = 1 + run * 7919;
    const { picture, text } = simulatePairs({ ...plan, seed });
    const reading = readingOf({ picture, text: change(text, seed) });
    const [assessment] = assessShards([reading]);
    if (assessment === undefined) throw new Error('no assessment');
    return { seed, reading, assessment };
  });
}

function share(outcomes: readonly Outcome[], test: (outcome: Outcome) => boolean): string {
  return (outcomes.filter(test).length / outcomes.length).toFixed(2);
}

const row = (...cells: readonly (string | number)[]): void =>
  console.log(`| ${cells.join(' | ')} |`);

const SETTINGS = [
  { name: 'independent', sourceShare: 0, noiseShare: 0, sourceRows: 1 },
  { name: 'rho .5', sourceShare: 0.5, noiseShare: 0.6, sourceRows: 8 },
  { name: 'rho .9', sourceShare: 0.9, noiseShare: 0.9, sourceRows: 8 },
] as const;

const isAlarm = ({ assessment }: Outcome): boolean => assessment.segments.length > 0;

const middle = (values: readonly number[]): string =>
  (100 * (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0)).toFixed(1);

function falseAlarms(): void {
  console.log(
    `\n### False alarms of any kind in clean shards, percent (${NULL_RUNS} runs a cell, nominal 1 %; 95 % interval of all)\n`,
  );
  row('neighbours', "d'", 'n = 20', 'n = 50', 'n = 200', 'n = 1000');
  row('---', '---', '---', '---', '---', '---');
  let alarms = 0;
  let runs = 0;
  for (const { name, ...setting } of [
    ...SETTINGS,
    { name: 'rho .9, sources of 30', sourceShare: 0.9, noiseShare: 0.9, sourceRows: 30 },
  ]) {
    for (const dPrime of [0, 0.5, 1.75]) {
      const cells = [20, 50, 200, 1000].map((rows) => {
        const outcomes = repeat({ ...setting, rows, dPrime }, CLEAN, NULL_RUNS);
        const found = outcomes.filter(isAlarm).length;
        alarms += found;
        runs += outcomes.length;
        return ((100 * found) / outcomes.length).toFixed(1);
      });
      row(name, dPrime, ...cells);
    }
  }
  const { low, high } = exactInterval(alarms, runs, 0.95);
  console.log(
    `\nAll cells: ${alarms} of ${runs.toLocaleString('en-US')} runs, ${((100 * alarms) / runs).toFixed(2)} % (${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)} %)`,
  );
}

/** A dataset of many shards: one alarm in any of them counts. */
function manyShards(): void {
  const shards = 20;
  const runs = Math.max(20, Math.round(NULL_RUNS / 10));
  console.log(
    `\n### Alarms in clean datasets of ${shards} shards of 200 rows, and one bad shard among them (${runs} datasets a cell)\n`,
  );
  row('neighbours', "d'", 'clean: alarm', 'one shuffled: found', 'another named');
  row('---', '---', '---', '---', '---');
  for (const { name, ...setting } of SETTINGS) {
    for (const dPrime of [0, 1, 1.75]) {
      const assessed = (isBad: boolean): readonly (readonly ShardAssessment[])[] =>
        Array.from({ length: runs }, (_, run) =>
          assessShards(
            Array.from({ length: shards }, (_unused, shard) => {
              const seed = 100_003 * run + shard;
              const { picture, text } = simulatePairs({ ...setting, rows: 200, dPrime, seed });
              const order = shuffled(0, 200, seed);
              return readingOf({
                picture,
                text: isBad && shard === 7 ? reorder(text, order) : text,
              });
            }),
          ),
        );
      const clean = assessed(false).filter((each) => each.some(({ segments }) => segments.length));
      const bad = assessed(true);
      const found = bad.filter((each) => (each[7]?.segments.length ?? 0) > 0);
      const others = bad.filter((each) =>
        each.some(({ segments }, shard) => shard !== 7 && segments.length > 0),
      );
      row(name, dPrime, ...[clean, found, others].map((each) => (each.length / runs).toFixed(2)));
    }
  }
}

function shifts(): void {
  console.log(`\n### A shift of the whole shard: found with the right offset\n`);
  row('neighbours', "d'", 'n = 20', 'n = 50', 'n = 100', 'n = 200', 'n = 500');
  row('---', '---', '---', '---', '---', '---', '---');
  for (const { name, ...setting } of SETTINGS) {
    for (const dPrime of [0.5, 1, 1.75, 3]) {
      const cells = [20, 50, 100, 200, 500].map((rows) =>
        share(
          repeat({ ...setting, rows, dPrime }, (text, seed) =>
            reorder(text, (at) => at - offsetOf(seed)),
          ),
          ({ assessment, seed }) =>
            assessment.segments.length > 0 &&
            assessment.segments.every((each) => each.offset === offsetOf(seed)),
        ),
      );
      row(name, dPrime, ...cells);
    }
  }
}

/** Offsets -8 to 8 in turn, never 0. */
function offsetOf(seed: number): number {
  const offset = (seed % 16) - 8;
  return offset >= 0 ? offset + 1 : offset;
}

function partShifts(): void {
  console.log(
    '\n### Shifts by ±1 to ±8 from the middle of 400 rows on: found with the right offset\n',
  );
  row('neighbours', "d' 0.5", "d' 1", "d' 1.75", "d' 2");
  row('---', '---', '---', '---', '---');
  for (const { name, ...setting } of SETTINGS) {
    const cells = [0.5, 1, 1.75, 2].map((dPrime) =>
      share(
        repeat({ ...setting, rows: 400, dPrime }, (text, seed) =>
          reorder(text, (at) => (at < 200 ? at : at - offsetOf(seed))),
        ),
        ({ assessment, seed }) =>
          assessment.segments.some((each) => each.offset === offsetOf(seed) && each.from > 150),
      ),
    );
    row(name, ...cells);
  }
}

function drops(): void {
  console.log(
    '\n### A dropped row in 1000: captions behind it found (median error of its place, rows)\n',
  );
  row('neighbours', "d'", 'last 20', 'last 50', 'last 100', 'last 400');
  row('---', '---', '---', '---', '---', '---');
  for (const { name, ...setting } of SETTINGS) {
    for (const dPrime of [1, 1.75, 3]) {
      const cells = [20, 50, 100, 400].map((tail) => {
        const outcomes = repeat({ ...setting, rows: 1000, dPrime }, (text) =>
          reorder(text, (at) => (at < 1000 - tail ? at : at + 1)),
        );
        const errors = outcomes
          .filter(
            ({ assessment }) =>
              assessment.segments.length === 1 && assessment.segments[0]?.offset === -1,
          )
          .map(({ assessment }) => Math.abs((assessment.segments[0]?.from ?? 0) - (1000 - tail)))
          .toSorted((a, b) => a - b);
        return `${(errors.length / RUNS).toFixed(2)} (${errors[Math.floor(errors.length / 2)] ?? '–'})`;
      });
      row(name, dPrime, ...cells);
    }
  }
}

function blocks(): void {
  console.log('\n### A block of shuffled rows in 1000: found\n');
  row('neighbours', "d'", '20 rows', '50 rows', '100 rows', '200 rows');
  row('---', '---', '---', '---', '---', '---');
  for (const { name, ...setting } of SETTINGS) {
    for (const dPrime of [1.75, 3]) {
      const cells = [20, 50, 100, 200].map((length) =>
        share(
          repeat({ ...setting, rows: 1000, dPrime }, (text, seed) =>
            reorder(text, shuffled(500, 500 + length, seed)),
          ),
          ({ assessment }) => assessment.segments.some((each) => each.offset === null),
        ),
      );
      row(name, dPrime, ...cells);
    }
  }
}

function mismatches(): void {
  console.log(
    '\n### Random wrong pairs in 1000: the bracket (medians), and how often it holds the truth\n',
  );
  row('neighbours', "d'", ...['0', '1 %', '2 %', '5 %'].map((each) => `true ${each}`));
  row('---', '---', '---', '---', '---', '---');
  for (const { name, ...setting } of SETTINGS) {
    for (const dPrime of [1.75, 3]) {
      const cells = [0, 0.01, 0.02, 0.05].map((wrong) => {
        const every = wrong === 0 ? Number.POSITIVE_INFINITY : Math.round(1 / wrong);
        const found = repeat({ ...setting, rows: 1000, dPrime }, (text, seed) => {
          const order = shuffled(0, 1000, seed);
          return reorder(text, (at) => (at % every === 0 && wrong > 0 ? order(at) : at));
        }).flatMap(({ reading }) => reading.mismatch ?? []);
        const holds = found.filter(({ low, high }) => low <= wrong && wrong <= high).length;
        return `${middle(found.map((each) => each.low))}–${middle(found.map((each) => each.high))} (${(holds / Math.max(1, found.length)).toFixed(2)})`;
      });
      row(name, dPrime, ...cells);
    }
  }
}

function given(name: string): string | undefined {
  return process.argv.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3);
}

/** Manifests to move captions about in: `--data=a.jsonl,b.jsonl`, `--model=<folder or id>`, `--annotations`. */
async function real(): Promise<void> {
  const model = given('model');
  await scanRealPairs(
    (given('data') ?? '').split(',').filter((each) => each !== ''),
    {
      ...(model === undefined ? {} : { model }),
      annotations: process.argv.includes('--annotations'),
    },
  );
}

const down: Change = (text) => reorder(text, (at) => at - 1);
const isDown = ({ assessment }: Outcome): boolean =>
  assessment.segments.length > 0 && assessment.segments.every((each) => each.offset === 1);
const isDropped = ({ assessment: { segments } }: Outcome): boolean =>
  segments.length === 1 && segments[0]?.offset === -1;

/** The figures that the detector is held to, each beside its goal. */
function goals(): void {
  console.log(`\n### Goals (${RUNS} runs each)\n`);
  row('figure', 'goal', 'measured');
  row('---', '---', '---');
  const usual = { sourceShare: 0.5, noiseShare: 0.6, sourceRows: 8 };
  const dropped = repeat({ ...usual, rows: 1000, dPrime: 1.75 }, (text) =>
    reorder(text, (at) => (at < 950 ? at : at + 1)),
  );
  const errors = dropped
    .filter(isDropped)
    .map(({ assessment }) => Math.abs((assessment.segments[0]?.from ?? 0) - 950))
    .toSorted((a, b) => a - b);
  row(
    "d' 1.75, rho .5: a shift seen in 50 rows",
    '0.99',
    share(repeat({ ...usual, rows: 50, dPrime: 1.75 }, down), isDown),
  );
  row(
    "d' 1, rho .5: a shift seen in 200 rows",
    '0.99',
    share(repeat({ ...usual, rows: 200, dPrime: 1 }, down), isDown),
  );
  row('a row dropped 50 rows before the end of 1000', '1.00', share(dropped, isDropped));
  row('its place, median error in rows', '1', errors[Math.floor(errors.length / 2)] ?? '–');
  row('evidence B, captions of people: a shift seen in 200 rows', 'all', wordShiftPower(RUNS));
}

const parts: Readonly<Record<string, () => void | Promise<void>>> = {
  goals,
  falseAlarms,
  manyShards,
  shifts,
  partShifts,
  drops,
  blocks,
  mismatches,
  otherAlarms: () => printOtherAlarms(NULL_RUNS),
  sourceFaults: () => printSourceFaults(Math.max(10, Math.round(RUNS / 2))),
  wordAlarms: () => printWordAlarms(Math.max(20, Math.round(NULL_RUNS / 5))),
  wordPower: () => printWordPower(Math.max(10, Math.round(RUNS / 5))),
  real,
  cost: () => printCost(COST_ROWS, ROW_GROUP),
};
const wanted = process.argv.slice(2).filter((each) => !each.startsWith('--'));
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (name === 'cost' && COST_ROWS === 0) continue;
  await part();
}
