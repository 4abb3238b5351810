import { tmpdir } from 'node:os';

import { Database } from '../src/engine/database.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { openRoom } from '../src/judge/room.ts';
import type { CaptionFault } from '../src/faults/caption-fault.ts';
import { CAPTION_FAULTS } from '../src/faults/captions.ts';
import { seededRandom, writeCleanCaption } from '../test/faults/clean-captions.ts';
import { type FaultRow, judgeCaptions } from '../test/faults/judge-captions.ts';

/** Shares of rows that get each fault. */
const RATES = [0.1, 0.01, 0.001, 0.0001] as const;
const GENERATED_ROWS = 20_000;
const SHARD_ROWS = 1_000;

/** Recall of every caption rule by fault and rate, and its alarms on the untouched captions: of the given datasets, else generated. */
async function main(paths: readonly string[]): Promise<void> {
  const captions = paths.length === 0 ? generate() : await readCaptions(paths);
  const clean: readonly FaultRow[] = captions.map((caption, index) => ({
    key: `clean/${index}`,
    caption,
    duration_s: 60,
    shard: Math.floor(index / SHARD_ROWS),
  }));
  const rules = (await loadRules()).filter((rule) => rule.family === 'captions');
  const rowFaults = CAPTION_FAULTS.filter((fault) => fault.kind !== 'group');
  const groupFaults = CAPTION_FAULTS.filter((fault) => fault.kind === 'group');
  const recall = new Map<string, string[]>(CAPTION_FAULTS.map((fault) => [fault.name, []]));
  for (const rate of RATES) {
    const count = Math.round(clean.length * rate);
    const random = seededRandom(17);
    const faulty = rowFaults.flatMap((fault) => spoiled(fault, clean, count, random));
    const found = await judgeCaptions(
      rules.filter((rule) => rule.where !== null),
      faulty,
    );
    for (const fault of rowFaults)
      recall.get(fault.name)?.push(share(found.get(fault.rule) ?? [], fault, count));
    for (const fault of groupFaults) {
      const own = rules.filter((rule) => rule.id === fault.rule);
      const bad = spoiled(fault, clean, count, random);
      const whole = [...bad, ...clean.slice(bad.length)];
      const keys = (await judgeCaptions(own, whole)).get(fault.rule) ?? [];
      const isSet = own[0]?.scope === 'dataset';
      recall
        .get(fault.name)
        ?.push(isSet ? (keys.length > 0 ? 'found' : '-') : share(keys, fault, count));
    }
  }
  console.log(`${clean.length} captions; recall by share of faulty rows`);
  console.log(
    ['rule', 'fault', ...RATES.map((rate) => `${rate * 100} %`)]
      .map((cell, index) => cell.padEnd(index < 2 ? 28 : 9))
      .join(''),
  );
  for (const fault of CAPTION_FAULTS) {
    const cells = [fault.rule, fault.name, ...(recall.get(fault.name) ?? [])];
    console.log(cells.map((cell, index) => cell.padEnd(index < 2 ? 28 : 9)).join(''));
  }
  const alarms = await judgeCaptions(rules, clean);
  console.log('\nreported on the untouched captions (true or false: read them)');
  for (const [rule, keys] of alarms)
    if (keys.length > 0)
      console.log(
        `${rule.padEnd(28)}${String(keys.length).padStart(7)}  ${((100 * keys.length) / clean.length).toFixed(3)} %`,
      );
}

function spoiled(
  fault: CaptionFault,
  clean: readonly FaultRow[],
  count: number,
  random: () => number,
): readonly FaultRow[] {
  const isDense = fault.rule === 'collapsed-captions';
  const step = isDense ? 1 : Math.max(1, Math.floor(clean.length / Math.max(1, count)));
  return Array.from({ length: count }, (_, index) => {
    const row = clean[(index * step) % clean.length] ?? { key: '', caption: '', shard: 0 };
    return { ...row, ...fault.inject(row, random), key: `${fault.name}/${index}` };
  });
}

function share(keys: readonly string[], fault: CaptionFault, count: number): string {
  if (count === 0) return '-';
  const hits = keys.filter((key) => key.startsWith(`${fault.name}/`)).length;
  return (hits / count).toFixed(4);
}

function generate(): readonly string[] {
  const random = seededRandom(1);
  return Array.from({ length: GENERATED_ROWS }, () => writeCleanCaption(random));
}

async function readCaptions(paths: readonly string[]): Promise<readonly string[]> {
  const captions: string[] = [];
  for (const path of paths) {
    const database = await Database.open({
      file: ':memory:',
      memoryLimit: '3GB',
      tempDirectory: tmpdir(),
      threads: 2,
    });
    await openRoom(database, {
      inputs: [path],
      cwd: process.cwd(),
      columns: {},
      mediaRoot: null,
      ownFolders: [],
    });
    for (const row of await database.rows('select caption from clips where caption is not null'))
      if (typeof row['caption'] === 'string') captions.push(row['caption']);
    database.close();
  }
  return captions;
}

await main(process.argv.slice(2));
