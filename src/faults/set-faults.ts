import { CAPTION_FAULTS } from './captions.ts';
import type { CaptionFault, Random } from './caption-fault.ts';
import { type FaultRow, numberIn, type RowFault, textIn } from './row-fault.ts';

/** A file of a manifest before it is written, and how. */
export type FaultShard = {
  /** File name, relative to the dataset. */
  readonly name: string;
  readonly rows: readonly FaultRow[];
  /** Column to the name that this file calls it by. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Rows of one row group. */
  readonly groupRows?: number;
};

/** A bug of a whole shard or of the whole set: the rule fails, or it does not. */
export type SetFault = {
  readonly name: string;
  readonly rule: string;
  readonly needs: readonly string[];
  /** Rows of the copy below which the rule's own limits keep it silent. */
  readonly leastRows: number;
  /** Shards that the sound copy has. */
  readonly shards: number;
  /** Spoils the shards; the given ones stay as they are. */
  readonly spoil: (shards: readonly FaultShard[], random: Random) => readonly FaultShard[];
  /** Spoils bytes of the written files: the content of the first shard's file in, what it becomes out. */
  readonly damage?: (bytes: Uint8Array, shard: FaultShard) => Uint8Array;
  /** Text of files written beside the shards, by name. */
  readonly beside?: (shards: readonly FaultShard[]) => Readonly<Record<string, string>>;
};

type Plan = Partial<Pick<SetFault, 'leastRows' | 'shards' | 'damage' | 'beside'>>;

function spoiled(
  rule: string,
  name: string,
  needs: readonly string[],
  spoil: SetFault['spoil'],
  plan: Plan = {},
): SetFault {
  return { rule, name, needs, spoil, leastRows: 40, shards: 8, ...plan };
}

/** Changes the rows of one shard, by its number. */
function inShard(
  number: number,
  change: (rows: readonly FaultRow[]) => readonly FaultRow[],
): SetFault['spoil'] {
  return (shards) =>
    shards.map((shard, index) =>
      index === number ? { ...shard, rows: change(shard.rows) } : shard,
    );
}

function everyRow(
  change: (row: FaultRow, index: number) => Readonly<Record<string, unknown>>,
): SetFault['spoil'] {
  return (shards) => {
    let index = 0;
    return shards.map((shard) => ({
      ...shard,
      rows: shard.rows.map((row) => ({ ...row, ...change(row, index++) })),
    }));
  };
}

/** Bugs of writers and of orders, each in a shard or in all. */
export const SET_FAULTS: readonly SetFault[] = [
  spoiled('unreadable-shard', 'half of a file', ['key'], (shards) => shards, {
    damage: (bytes) => bytes.slice(0, bytes.length / 2),
  }),
  spoiled('footer-statistics-mismatch', 'statistics of other values', ['key'], (shards) => shards, {
    damage: misstateMinimum,
  }),
  spoiled(
    'row-count-mismatch',
    'a log that counts rows which are gone',
    ['key'],
    (shards) => shards,
    {
      beside: (shards) =>
        Object.fromEntries(
          shards.map((shard, index) => [
            shard.name.replace(/\.parquet$/, '_stats.json'),
            JSON.stringify({ count: shard.rows.length + (index === 1 ? 5 : 0) }),
          ]),
        ),
    },
  ),
  spoiled(
    'short-shard',
    'a writer that died early',
    ['key'],
    inShard(3, (rows) => rows.slice(0, Math.max(1, Math.floor(rows.length / 4)))),
    { leastRows: 200 },
  ),
  spoiled(
    'short-shard',
    'a file that is missing',
    ['key'],
    (shards) => shards.filter((_, index) => index !== 3),
    { leastRows: 200 },
  ),
  spoiled('duplicate-shard', 'written twice', ['key'], (shards) => [
    ...shards,
    ...shards.slice(2, 3).map((shard) => ({ ...shard, name: shardName(shards.length) })),
  ]),
  spoiled('skewed-shards', 'one writer took most', ['key'], (shards) => {
    const taken = shards.slice(1).map((shard) => shard.rows.slice(2));
    return shards.map((shard, index) => ({
      ...shard,
      rows: index === 0 ? [...shard.rows, ...taken.flat()] : shard.rows.slice(0, 2),
    }));
  }),
  spoiled('schema-drift', 'caption renamed in one shard', ['caption'], (shards) =>
    shards.map((shard, index) =>
      index === 2 ? { ...shard, renamed: { caption: 'text' } } : shard,
    ),
  ),
  spoiled(
    'tiny-files',
    'a file for a few rows',
    ['key'],
    (shards) => {
      const rows = shards.flatMap((shard) => shard.rows);
      return Array.from({ length: 80 }, (_, index) => ({
        name: shardName(index),
        rows: rows.filter((__, at) => at % 80 === index),
      }));
    },
    { leastRows: 80 },
  ),
  spoiled(
    'wasteful-row-groups',
    'a row group for a few rows',
    ['key'],
    (shards) => shards.map((shard) => ({ ...shard, groupRows: 2048 })),
    { leastRows: 40_000, shards: 2 },
  ),
  spoiled('partition-mismatch', 'split of another folder', ['split'], (shards) =>
    shards.map((shard) => ({ ...shard, name: `split=elsewhere/${shard.name}` })),
  ),
  spoiled(
    'null-and-empty-mixed',
    'two writers, two kinds of nothing',
    ['caption'],
    everyRow((row, index) => ({
      caption: index % 20 === 0 ? null : index % 20 === 1 ? '' : row['caption'],
    })),
  ),
  spoiled(
    'constant-column',
    'one shard scored by default',
    ['motion_score'],
    inShard(1, (rows) => rows.map((row) => ({ ...row, motion_score: 0.5 }))),
    { leastRows: 1_000, shards: 4 },
  ),
  spoiled(
    'constant-column',
    'scores of a tenth lost',
    ['motion_score'],
    everyRow((row, index) => (index % 10 === 0 ? { motion_score: 0 } : {})),
    { leastRows: 1_000, shards: 4 },
  ),
  spoiled(
    'unshuffled-sources',
    'written source by source',
    ['source_id'],
    (shards) => {
      const rows = shards
        .flatMap((shard) => shard.rows)
        .toSorted((a, b) => (textIn(a, 'source_id') < textIn(b, 'source_id') ? -1 : 1));
      let at = 0;
      return shards.map((shard) => {
        const own = rows.slice(at, at + shard.rows.length);
        at += shard.rows.length;
        return { ...shard, rows: own };
      });
    },
    { leastRows: 400 },
  ),
  spoiled(
    'uniform-aspect-ratio',
    'every clip squeezed to one shape',
    ['width_px', 'height_px', 'source_id'],
    everyRow(() => ({ width_px: 340, height_px: 256 })),
  ),
  spoiled(
    'reclaimable-storage',
    'large media stored twice',
    ['content_hash', 'size_bytes'],
    everyRow((_, index) => ({
      content_hash: `copy-${Math.floor(index / 2)}`,
      size_bytes: 900_000_000,
    })),
  ),
  ...shifted(),
  spoiled(
    'mixed-encoders',
    'a part encoded by a smaller model',
    ['clip_embedding', 'text_embedding'],
    inShard(1, (rows) =>
      rows.map((row) => ({ ...row, clip_embedding: halved(row['clip_embedding']) })),
    ),
    { leastRows: 1_000, shards: 4 },
  ),
  spoiled(
    'stale-text-embedding',
    'features cached before a row was left out',
    ['caption', 'text_embedding'],
    moved(['text_embedding'], (index) => index + 1),
    { leastRows: 1_000, shards: 4 },
  ),
];

/** What of row i stands with row i + 1, from the middle of a shard on, or in no order at all. */
function shifted(): readonly SetFault[] {
  const words = ['caption', 'text_embedding'];
  const plan = { leastRows: 1_000, shards: 4 };
  const needs = ['caption', 'clip_embedding', 'text_embedding'];
  return [
    spoiled(
      'shifted-captions',
      'by one row',
      needs,
      moved(words, (index) => index + 1),
      plan,
    ),
    spoiled(
      'shifted-captions',
      'by three rows',
      needs,
      moved(words, (index) => index + 3),
      plan,
    ),
    spoiled(
      'reordered-captions',
      'back to front',
      needs,
      moved(words, (index, n) => n - 1 - index),
      plan,
    ),
    spoiled(
      'mispaired-captions',
      'a third at random',
      needs,
      moved(words, (index) => (index % 3 === 0 ? index * 11 + 29 : index)),
      plan,
    ),
  ];
}

/** Gives the rows of one shard some columns of the row that `by` names. */
function moved(
  columns: readonly string[],
  by: (index: number, rows: number) => number,
): SetFault['spoil'] {
  return inShard(1, (rows) =>
    rows.map((row, index) => {
      const other = rows[by(index, rows.length) % rows.length] ?? row;
      return { ...row, ...Object.fromEntries(columns.map((column) => [column, other[column]])) };
    }),
  );
}

/** An embedding of half as many numbers. */
function halved(value: unknown): unknown {
  return Array.isArray(value) ? value.slice(0, Math.ceil(value.length / 2)) : value;
}

/** Name of a shard by its number. */
export function shardName(index: number): string {
  return `part-${String(index).padStart(5, '0')}.parquet`;
}

/** Raises a minimum that the footer of a Parquet file states for its keys: a filter on it then skips rows that are there. */
function misstateMinimum(bytes: Uint8Array, shard: FaultShard): Uint8Array {
  const least = shard.rows.map((row) => row.key).toSorted()[0] ?? '';
  const wanted = new TextEncoder().encode(least);
  const copy = bytes.slice();
  const from =
    bytes.length -
    8 -
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
  for (let at = from; at + wanted.length < bytes.length; at += 1) {
    if (wanted.some((byte, index) => bytes[at + index] !== byte)) continue;
    copy[at + wanted.length - 1] = 0x7e;
  }
  return copy;
}

/** Captions that a rule asks for before it judges any, with room for shards and for rows left out. */
const LEAST_CAPTIONS: Readonly<Record<string, number>> = {
  'boilerplate-captions': 240,
  'collapsed-captions': 240,
  'truncated-captions': 60,
  'repeated-caption': 12,
};

/** Caption faults as faults of rows; those that show only in many rows together reach a set of them. */
export const CAPTION_ROW_FAULTS: readonly RowFault[] = CAPTION_FAULTS.map(asRowFault);

function asRowFault(fault: CaptionFault): RowFault {
  return {
    name: fault.name,
    rule: fault.rule,
    needs: ['caption'],
    reach: fault.kind === 'group' ? 'set' : 'row',
    leastRows: LEAST_CAPTIONS[fault.rule] ?? 0,
    inject: (rows, at, { random }) => ({
      rows: rows.map((row) => {
        if (!at.has(row.key)) return row;
        const duration_s = row['duration_s'] === undefined ? 60 : numberIn(row, 'duration_s');
        const caption = textIn(row, 'caption');
        return { ...row, ...fault.inject({ caption, duration_s }, random) };
      }),
      bad: at,
    }),
  };
}
