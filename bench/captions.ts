import { tmpdir } from 'node:os';

import { Database } from '../src/engine/database.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import type { Rule } from '../src/judge/rule.ts';
import { openRoom } from '../src/judge/room.ts';
import type { CaptionFault } from '../src/faults/caption-fault.ts';
import { CAPTION_FAULTS } from '../src/faults/captions.ts';
import { seededRandom, writeCleanCaption } from '../test/faults/clean-captions.ts';
import { type FaultRow, judgeCaptions } from '../test/faults/judge-captions.ts';

/** Shares of rows that get each fault. */
export const RATES = [0.1, 0.01, 0.001, 0.0001] as const;
const GENERATED_ROWS = 20_000;
const SHARD_ROWS = 1_000;

/** A fault with the share of the spoiled rows that were found, by rate; null where a rate spoils no row. */
export type FaultRecall = {
  readonly rule: string;
  readonly fault: string;
  readonly kind: CaptionFault['kind'];
  readonly shares: readonly (number | null)[];
};

/** Recall of every caption rule by fault and rate of faulty rows, injected into the given captions. */
export async function measureRecall(captions: readonly string[]): Promise<readonly FaultRecall[]> {
  const clean = rowsOf(captions);
  const rules = await captionRules();
  const shares = new Map<string, (number | null)[]>(
    CAPTION_FAULTS.map((fault) => [fault.name, []]),
  );
  const rowFaults = CAPTION_FAULTS.filter((fault) => fault.kind !== 'group');
  const groupFaults = CAPTION_FAULTS.filter((fault) => fault.kind === 'group');
  for (const rate of RATES) {
    const count = Math.round(clean.length * rate);
    const random = seededRandom(17);
    const faulty = rowFaults.flatMap((fault) => spoiled(fault, clean, count, random));
    const found = await judgeCaptions(
      rules.filter((rule) => rule.where !== null),
      faulty,
    );
    for (const fault of rowFaults)
      shares.get(fault.name)?.push(share(found.get(fault.rule) ?? [], fault, count));
    for (const fault of groupFaults) {
      const own = rules.filter((rule) => rule.id === fault.rule);
      const bad = spoiled(fault, clean, count, random);
      const whole = [...bad, ...clean.slice(bad.length)];
      const keys = (await judgeCaptions(own, whole)).get(fault.rule) ?? [];
      const isSet = own[0]?.scope === 'dataset';
      shares
        .get(fault.name)
        ?.push(isSet ? (keys.length > 0 ? 1 : null) : share(keys, fault, count));
    }
  }
  return CAPTION_FAULTS.map(({ rule, name, kind }) => ({
    rule,
    fault: name,
    kind,
    shares: shares.get(name) ?? [],
  }));
}

/** Captions that each caption rule reports though nobody spoiled them. */
export async function measureAlarms(
  captions: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  // The sets hold images and sounds, where a scan finds a rule about captions of videos not applicable.
  const rules = (await captionRules()).filter((rule) => rule.id !== 'modality-leak-caption');
  const alarms = await judgeCaptions(rules, rowsOf(captions));
  return new Map(
    [...alarms].map(([rule, keys]) => [
      rule,
      keys.map((key) => captions[Number(key.split('/')[1])] ?? ''),
    ]),
  );
}

async function captionRules(): Promise<readonly Rule[]> {
  return (await loadRules()).filter((rule) => rule.family === 'captions');
}

function rowsOf(captions: readonly string[]): readonly FaultRow[] {
  return captions.map((caption, index) => ({
    key: `clean/${index}`,
    caption,
    duration_s: 60,
    shard: Math.floor(index / SHARD_ROWS),
  }));
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

function share(keys: readonly string[], fault: CaptionFault, count: number): number | null {
  if (count === 0) return null;
  const hits = keys.filter((key) => key.startsWith(`${fault.name}/`)).length;
  return hits / count;
}

/** Made-up captions, where no real ones are at hand. */
export function generateCaptions(): readonly string[] {
  const random = seededRandom(1);
  return Array.from({ length: GENERATED_ROWS }, () => writeCleanCaption(random));
}

/** The captions of a dataset, at most `most`, evenly taken. */
export async function readCaptions(
  path: string,
  columns: Readonly<Record<string, readonly string[]>>,
  most: number,
): Promise<readonly string[]> {
  const database = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: tmpdir(),
    threads: 2,
  });
  try {
    await openRoom(database, {
      inputs: [path],
      cwd: process.cwd(),
      columns,
      mediaRoot: null,
      ownFolders: [],
    });
    const rows = await database.rows(
      `select caption from clips where caption is not null order by hash(key, clip_id) limit ${most}`,
    );
    return rows.flatMap(({ caption }) => (typeof caption === 'string' ? [caption] : []));
  } finally {
    database.close();
  }
}
