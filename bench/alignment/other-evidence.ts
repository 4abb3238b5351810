import { assessShards, readShard } from '../../src/analyses/alignment/assess-shard.ts';
import { listWords } from '../../src/analyses/alignment/caption-words.ts';
import { bandOfDurations } from '../../src/analyses/alignment/length-cue.ts';
import { fitOfVectors } from '../../src/analyses/alignment/name-reordering.ts';
import type { OffsetBand } from '../../src/analyses/alignment/offset-band.ts';
import { findSourceFault } from '../../src/analyses/alignment/source-order.ts';
import { bandOfBorders, Vocabulary } from '../../src/analyses/alignment/source-words.ts';
import { DIMENSION, normal, reorder, shuffled, simulatePairs, uniform } from './simulate-pairs.ts';
import { realCaptions } from './word-evidence.ts';

const ROWS = 400;

/** Captions in order or sorted (neighbours alike), in sources of three to ten clips that have nothing to do with them. */
function drawCaptions(
  seed: number,
  isSorted: boolean,
): readonly { source: string; text: string }[] {
  const all = realCaptions();
  const order = shuffled(0, all.length, seed);
  const texts = Array.from({ length: ROWS }, (_, at) => all[order(at)]?.text ?? '');
  if (isSorted) texts.sort();
  const draw = uniform(seed + 1);
  let source = 0;
  return texts.map((text, at) => {
    if (at > 0 && draw() < 1 / 6) source += 1;
    return { source: `s${source}`, text };
  });
}

function isShifted(band: OffsetBand): boolean {
  const [found] = assessShards([readShard(band)]);
  return found?.segments.some((segment) => segment.offset !== null) ?? false;
}

function bordersOf(seed: number, isSorted: boolean): OffsetBand {
  const vocabulary = new Vocabulary();
  const rows = drawCaptions(seed, isSorted).map(({ source, text }, row) => ({
    source,
    words: vocabulary.number(listWords(text)),
    row,
  }));
  return bandOfBorders(
    rows,
    vocabulary.counts.map((count) => Math.log(ROWS / count) ** 2),
  );
}

/** Durations that wander, so that neighbours are alike, beside captions of other clips. */
function durationsOf(seed: number, isSorted: boolean): OffsetBand {
  const gauss = normal(seed + 2);
  let log_s = 0;
  return bandOfDurations(
    drawCaptions(seed, isSorted).map(({ text }, row) => {
      log_s = 0.9 * log_s + Math.sqrt(1 - 0.81) * gauss();
      return { row, duration: Math.exp(log_s), words: text.split(' ').length };
    }),
  );
}

/** Alarms of evidence from sources and durations where neither has to do with captions. */
export function printOtherAlarms(runs: number): void {
  console.log(
    `\n### Sources and durations that have nothing to do with captions: alarms in ${runs} sets\n`,
  );
  console.log(
    '| evidence | captions in random order | sorted: neighbours alike |\n| --- | --- | --- |',
  );
  for (const [name, bandOf] of [
    ['words, by source', bordersOf],
    ['words against duration', durationsOf],
  ] as const) {
    const cells = [false, true].map((isSorted) => {
      let alarms = 0;
      for (let run = 0; run < runs; run += 1)
        if (isShifted(bandOf(1 + run * 7919, isSorted))) alarms += 1;
      return alarms;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

/** Thirty sources of 4 to 19 clips. */
function drawSources(
  seed: number,
  dPrime: number,
  sourceShare: number,
): {
  readonly lengths: readonly number[];
  readonly names: readonly string[];
  readonly picture: Float32Array;
  readonly text: Float32Array;
} {
  const draw = uniform(seed);
  const lengths = Array.from({ length: 30 }, () => 4 + Math.floor(draw() * 16));
  const parts = lengths.map((rows, at) =>
    simulatePairs({
      rows,
      dPrime,
      sourceShare,
      noiseShare: sourceShare,
      sourceRows: 1e12,
      seed: 1000 * seed + at,
    }),
  );
  return {
    lengths,
    names: lengths.flatMap((length, at) => Array.from({ length }, () => `s${at}`)),
    picture: Float32Array.from(parts.flatMap((part) => [...part.picture])),
    text: Float32Array.from(parts.flatMap((part) => [...part.text])),
  };
}

function orderBySource(
  lengths: readonly number[],
  place: (clip: number, length: number) => number,
): (row: number) => number {
  const home: number[] = [];
  for (const length of lengths) {
    const first = home.length;
    for (let clip = 0; clip < length; clip += 1) home.push(first + place(clip, length));
  }
  return (row) => home[row] ?? row;
}

const asText = (clip: number, length: number): number =>
  Array.from({ length }, (_, at) => at).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))[
    clip
  ] ?? clip;
const otherWindow = (clip: number, length: number): number =>
  clip < 2 ? clip : 2 + ((clip - 2 + Math.ceil((length - 2) / 2)) % (length - 2));

/** What is found inside sources, and alarms where nothing is wrong. */
export function printSourceFaults(runs: number): void {
  console.log(`\n### Thirty sources of 4 to 19 clips (${runs} sets): what was found\n`);
  console.log(
    "| neighbours | d' | clean: alarm | sorted as text | other windows from clip 3 on | at the right clip |\n| --- | --- | --- | --- | --- | --- |",
  );
  for (const sourceShare of [0, 0.5, 0.9])
    for (const dPrime of [0.5, 1, 1.75]) {
      const counts = [0, 0, 0, 0];
      for (let seed = 1; seed <= runs; seed += 1) {
        const { lengths, names, picture, text } = drawSources(seed, dPrime, sourceShare);
        const look = (place: (clip: number, length: number) => number): string => {
          const moved = reorder(text, orderBySource(lengths, place));
          const found = findSourceFault(names, fitOfVectors(rowsOf(picture), rowsOf(moved)));
          return found === null ? '' : `${found.place}: ${found.what}`;
        };
        const told = [look((clip) => clip), look(asText), look(otherWindow)];
        if (told[0] !== '') counts[0] = (counts[0] ?? 0) + 1;
        if (told[1]?.includes('sorted as text') === true) counts[1] = (counts[1] ?? 0) + 1;
        if (told[2]?.startsWith('from clip') === true) counts[2] = (counts[2] ?? 0) + 1;
        if (told[2]?.startsWith('from clip 3 ') === true) counts[3] = (counts[3] ?? 0) + 1;
      }
      console.log(
        `| rho ${sourceShare} | ${dPrime} | ${counts.map((each) => (each / runs).toFixed(2)).join(' | ')} |`,
      );
    }
}

function rowsOf(values: Float32Array): readonly Float32Array[] {
  return Array.from({ length: values.length / DIMENSION }, (_, row) =>
    values.subarray(row * DIMENSION, (row + 1) * DIMENSION),
  );
}
