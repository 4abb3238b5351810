import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { findMedium, type HeldMedia } from '../dataset/embedded/held-media.ts';
import {
  type Database,
  maybe,
  numberOf,
  type SqlRow,
  type SqlValue,
  textOf,
} from '../engine/database.ts';
import type { FaultRow } from '../faults/row-fault.ts';
import { shardName } from '../faults/set-faults.ts';
import { filePathOf } from '../media/medium-text.ts';
import type { ClipRecipe, VideoCodec } from '../media/encode/clip-recipe.ts';
import { FAULT_CASES } from '../media/faults/fault-cases.ts';
import { writeVariant } from '../media/faults/fault-variant.ts';
import { SET_CASES } from '../media/faults/set-cases.ts';
import { IMAGE_FAULTS } from '../media/faults/image-faults.ts';
import { type Bench, type Seen, scanCopy } from './bench.ts';
import type { Tally } from './tally.ts';
import { writeCopy } from './write-copy.ts';

/** Encoders that clips are written with, in turn. MPEG-2 has a fixed quality of its own. */
const CODINGS: readonly { readonly codec: VideoCodec; readonly crf: number }[] = [
  { codec: 'h264', crf: 18 },
  { codec: 'hevc', crf: 24 },
  { codec: 'vp9', crf: 32 },
  { codec: 'h264', crf: 28 },
  { codec: 'mpeg2', crf: 5 },
  { codec: 'av1', crf: 36 },
];

/** Rules whose fault lies in bytes, boxes or tags of one format: they are tried in H.264 alone. */
const H264_ONLY: ReadonlySet<string> = new Set([
  'hidden-preroll',
  'non-keyframe-start',
  'odd-dimensions',
  'hdr-as-sdr',
  'decode-errors',
  'truncated-file',
  'starved-bitrate',
  'trailing-index',
  'interlaced-frames',
  'still-video',
  'frozen-frames',
]);

/** Size, rate and length of an encoded clip: large enough for every measure, small enough to make hundreds. */
const CLIP = { width_px: 320, fps: 24, duration_s: 2 } as const;

/** A clip or an image of the dataset that is encoded anew. */
type Original = {
  readonly key: string;
  readonly file: string;
  readonly kind: 'clip' | 'image';
  /** Whether it is one of the few that every fault of single media is made of. */
  readonly isForAll: boolean;
};

/** Rules about a shard beside others, and the scenes that each side of their comparison needs, with some to spare. */
const SCENES_OF_SHARD: Readonly<Record<string, number>> = {
  'compressed-range': 10,
  'swapped-channels': 10,
  'stretched-frames': 14,
};

/** Differing bits of two 64-bit hashes up to which two pictures count as one scene, as those rules have it. */
const ALIKE_BITS = 16;

type Made = {
  readonly key: string;
  readonly path: string;
  readonly rule: string;
  readonly variant: string;
  readonly isFaulty: boolean;
  readonly original: Original;
  readonly sample_rate_hz: number | null;
};

/**
 * Clips of two seconds and more in which something moves, and images with something in them, out of the media that the
 * scan looked at: nothing can be told of a still scene's order or rate. At most `most` of each kind.
 */
export async function chooseOriginals(
  database: Database,
  mediaRoot: string,
  most: number,
  held: HeldMedia | null = null,
): Promise<readonly Original[]> {
  const readable = async (table: string): Promise<boolean> =>
    (await database.rows(`select 1 from base_${table} limit 1`)).length > 0;
  const choose = async (kind: Original['kind'], table: string, test: string) => {
    if (!(await readable(table))) return [];
    const rows = await database.rows(
      `select coalesce(clips.key, clips.path, 'row-' || clips.clip_id) as key, clips.path as path,
         ${SCENES[table] ?? 'null'} as scene
       from base_clips as clips join base_${table} as seen on seen.clip_id = clips.clip_id
       where clips.path is not null and seen.error_code is null and ${test}
       order by md5(clips.path)`,
    );
    // Media inside of shards are taken out; of ranges and objects no copy is made here.
    await held?.hold(rows.slice(0, MOST_HELD).map((row) => maybe(row['path'], textOf)));
    const whole = rows.flatMap((row) => {
      const file = fileOf(row, mediaRoot, held);
      return file === null ? [] : [{ key: textOf(row['key']), scene: row['scene'] ?? null, file }];
    });
    const scenes = kind === 'clip' ? Math.max(most, ...Object.values(SCENES_OF_SHARD)) : most;
    return differentScenes(whole, scenes).map((row, index): Original => ({
      key: row.key,
      file: row.file,
      kind,
      isForAll: index < most,
    }));
  };
  const moving = await choose(
    'clip',
    'frames',
    'seen.motion_median >= 1 and seen.still_score >= 2 and list_max(seen.pts_s) - list_min(seen.pts_s) >= 1.9 and len(seen.pts_s) >= 48',
  );
  // Where no rule asked for frames, whether anything moves is not known, and does not matter.
  const clips = (await readable('frames'))
    ? moving
    : await choose('clip', 'containers', 'seen.duration_s >= 2 and seen.video_track_count > 0');
  return [
    ...clips,
    ...(await choose(
      'image',
      'images',
      'least(seen.width_px, seen.height_px) >= 120 and seen.luma_spread >= 20 and seen.chroma_spread >= 4 and seen.entropy_bits >= 5',
    )),
  ];
}

/** Candidates that are taken out of shards to be chosen from. */
const MOST_HELD = 200;

/** The file of a row's medium; null where it is no whole local file. */
function fileOf(row: SqlRow, mediaRoot: string, held: HeldMedia | null): string | null {
  const found = findMedium(mediaRoot, held, maybe(row['path'], textOf));
  const path = found.ok ? filePathOf(found.medium) : null;
  return path !== null && existsSync(path) ? path : null;
}

/** Hash of the picture in the middle, by table. */
const SCENES: Readonly<Record<string, string>> = {
  frames: 'seen.dhash[1 + len(seen.dhash) // 2]',
  images: 'seen.dhash',
};

/** The first rows whose pictures differ from those of all rows before them, as far as `most` goes. */
function differentScenes<T extends { readonly scene: SqlRow[string] }>(
  rows: readonly T[],
  most: number,
): readonly T[] {
  const chosen: T[] = [];
  for (const row of rows) {
    const isNew = chosen.every((each) => bitsApart(each.scene, row.scene) > ALIKE_BITS);
    if (isNew && chosen.length < most) chosen.push(row);
  }
  return chosen;
}

function bitsApart(one: SqlValue | undefined, other: SqlValue | undefined): number {
  if (typeof one !== 'bigint' || typeof other !== 'bigint') return 64;
  let left = BigInt.asUintN(64, one ^ other);
  let bits = 0;
  for (; left > 0n; left &= left - 1n) bits += 1;
  return bits;
}

/** Encodes clips and images anew with the faults of the media rules, has them measured and judged, and counts. */
export async function tryMediaFaults(
  bench: Bench,
  originals: readonly Original[],
  /** Rules that found fault with an original as it is, by key. */
  natural: ReadonlyMap<string, ReadonlySet<string>>,
  tally: Tally,
  onAdvance: () => void,
): Promise<number> {
  const folder = join(bench.folder, 'media');
  await mkdir(folder, { recursive: true });
  const files = new Map<string, boolean>();
  const made: Made[] = [];
  const clips = originals.filter((original) => original.kind === 'clip').length;
  for (const [index, original] of originals.entries()) {
    for (const rule of bench.rules) {
      bench.signal.throwIfAborted();
      if (natural.get(rule.id)?.has(original.key) === true) continue;
      const scenes = SCENES_OF_SHARD[rule.id];
      if (scenes === undefined ? !original.isForAll : clips < scenes) continue;
      made.push(...(await makeVariants(folder, rule.id, original, index, files)));
    }
    onAdvance();
  }
  const ids = [...new Set(made.map((each) => each.rule))];
  const isAlone = (id: string): boolean =>
    bench.rules.some((rule) => rule.id === id && rule.scope === 'clip');
  // Single clips are judged all at once; what shows in a shard is judged beside sound shards only.
  const alone = ids.filter(isAlone);
  for (const group of [alone, ...ids.filter((id) => !isAlone(id)).map((id) => [id])]) {
    if (group.length === 0) continue;
    const own = made.filter((each) => group.includes(each.rule));
    const seen = await scanMade(bench, own, group);
    for (const id of group) countRule(id, own, seen, tally);
    onAdvance();
  }
  return [...files.values()].filter(Boolean).length;
}

async function makeVariants(
  folder: string,
  rule: string,
  original: Original,
  index: number,
  files: Map<string, boolean>,
): Promise<readonly Made[]> {
  const made: Made[] = [];
  const keep = async (
    variant: { readonly name: string; readonly suffix?: string },
    isFaulty: boolean,
    identity: unknown,
    write: (file: string) => Promise<void>,
  ): Promise<void> => {
    const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 20);
    const path = `${hash}${extname(variant.suffix ?? '.mp4') || (variant.suffix ?? '.mp4')}`;
    const isMade =
      files.get(path) ??
      (await write(join(folder, path)).then(
        () => true,
        // A codec or a clip that cannot have the fault.
        () => false,
      ));
    files.set(path, isMade);
    if (!isMade) return;
    made.push({
      key: `${rule}/${variant.name}/${isFaulty}/${index}`,
      path,
      rule,
      variant: variant.name,
      isFaulty,
      original,
      sample_rate_hz: rule === 'missing-audio' ? 48_000 : null,
    });
  };
  if (original.kind === 'clip') {
    const makeCase = Object.entries({ ...FAULT_CASES, ...SET_CASES }).find(
      ([name]) => name === rule,
    )?.[1];
    if (makeCase === undefined) return [];
    const { faulty, lookalikes } = makeCase(recipeOf(rule, original, index));
    for (const [isFaulty, variants] of [
      [true, faulty],
      [false, lookalikes],
    ] as const) {
      for (const variant of variants) {
        await keep(variant, isFaulty, variant, (file) => writeVariant(file, variant));
      }
    }
    return made;
  }
  const own = IMAGE_FAULTS[rule];
  if (own === undefined) return [];
  const bytes = await readFile(original.file);
  for (const [isFaulty, variants] of [
    [true, own.faulty],
    [false, own.lookalikes],
  ] as const) {
    for (const variant of variants) {
      await keep(variant, isFaulty, [original.file, variant.name], async (file) =>
        writeFile(file, await variant.make(bytes)),
      );
    }
  }
  return made;
}

function recipeOf(rule: string, original: Original, index: number): ClipRecipe {
  const coding = H264_ONLY.has(rule)
    ? { codec: 'h264' as const, crf: [18, 23, 28, 36][index % 4] ?? 23 }
    : (CODINGS[index % CODINGS.length] ?? { codec: 'h264' as const, crf: 23 });
  return {
    source: { file: original.file },
    ...CLIP,
    codec: coding.codec,
    ...(coding.codec === 'mpeg2' ? { encoderOptions: { b: '1200k' } } : { crf: coding.crf }),
  };
}

/** A shard for each variant, and beside them the clips as recorded, three times over. */
async function scanMade(
  bench: Bench,
  made: readonly Made[],
  rules: readonly string[],
): Promise<Seen> {
  const rowOf = (each: Made): FaultRow => ({
    key: each.key,
    shard: 0,
    path: each.path,
    sample_rate_hz: each.sample_rate_hz,
  });
  const sound = made.filter((each) => /^as-(?:recorded|taken)$/.test(each.variant));
  const beside =
    rules.length > 1
      ? []
      : [1, 2, 3].map((copy) =>
          sound.map((each) => ({ ...rowOf(each), key: `${each.key}/${copy}` })),
        );
  const variants = [...new Set(made.map((each) => `${each.isFaulty}/${each.variant}`))];
  const shards = [
    ...beside,
    ...variants.map((variant) =>
      made.filter((each) => `${each.isFaulty}/${each.variant}` === variant).map(rowOf),
    ),
  ].filter((rows) => rows.length > 0);
  const hasRate = made.some((each) => each.sample_rate_hz !== null);
  const columns = [
    { name: 'key', type: 'VARCHAR' },
    { name: 'path', type: 'VARCHAR' },
    ...(hasRate ? [{ name: 'sample_rate_hz', type: 'BIGINT' }] : []),
  ];
  const folder = join(bench.folder, 'copy');
  await writeCopy(bench.writer, {
    folder,
    columns,
    shards: shards.map((rows, index) => ({ name: shardName(index), rows })),
  });
  return scanCopy(bench, {
    dataset: folder,
    tier: 'full',
    rules,
    mediaRoot: join(bench.folder, 'media'),
    columns: columns.map(({ name }) => name),
  });
}

function countRule(id: string, made: readonly Made[], seen: Seen, tally: Tally): void {
  const own = made.filter((each) => each.rule === id);
  const faulty = own.filter((each) => each.isFaulty);
  const sound = own.filter((each) => !each.isFaulty);
  const hits = seen.keys.get(id) ?? new Set<string>();
  const rate = faulty.length / Math.max(1, own.length);
  const names = [...new Set(faulty.map((each) => each.variant))];
  for (const [index, fault] of names.entries()) {
    const spoilt = faulty.filter((each) => each.variant === fault);
    tally.add(id, 'media', {
      fault,
      rate,
      isDesignPoint: true,
      injected: spoilt.length,
      found: spoilt.filter((each) => hits.has(each.key)).length,
      // Look-alikes stand for all faults of the rule: they count once.
      sound: index === 0 ? sound.length : 0,
      falseAlarms: index === 0 ? sound.filter((each) => hits.has(each.key)).length : 0,
    });
  }
}

/** Media that were looked at, of a base. */
export async function countMedia(database: Database): Promise<number> {
  const row = await database.row('select count(distinct clip_id) as n from base_files');
  return numberOf(row['n']);
}
