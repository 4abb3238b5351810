import type { ManifestRow } from './clean-manifest.ts';

/** A manifest with a fault, and the keys that a rule must report of it. */
export type Spoiled = { readonly rows: readonly ManifestRow[]; readonly bad: ReadonlySet<string> };

/** One way in which rows of a manifest go wrong, made on purpose. */
export type ManifestFault = {
  /** The rule that must find it. */
  readonly rule: string;
  readonly name: string;
  /** Spoils the rows at these positions; the given rows stay as they are. */
  readonly inject: (rows: readonly ManifestRow[], at: ReadonlySet<number>) => Spoiled;
};

type Change = (row: ManifestRow, other: ManifestRow, index: number) => Partial<ManifestRow>;

/** Every fault of single rows: one entry a mechanism. */
export const MANIFEST_FAULTS: readonly ManifestFault[] = [
  withPartner('duplicate-path', 'path of another clip', (_, other) => ({
    path: other.path,
    start_s: other.start_s,
    end_s: other.end_s,
  })),
  withPartner('duplicate-media', 'content of another clip', (_, other) => ({
    content_hash: other.content_hash,
  })),
  withPartner('overlapping-clips', 'cut of another clip, moved by a tenth', (_, other) => ({
    source_id: other.source_id,
    start_s: other.start_s + 0.1 * (other.end_s - other.start_s),
    end_s: other.end_s + 0.1 * (other.end_s - other.start_s),
  })),
  withPartner('duplicate-embedding', 'picture embedding of another clip', (_, other) => ({
    clip_embedding: other.clip_embedding,
  })),
  withPartner('duplicate-embedding', 'text embedding of another caption', (row, other) => ({
    caption: `${row.caption} Seen from afar.`,
    text_embedding: other.text_embedding,
  })),
  copied('duplicate-key', 'row written again at the end', (row) => [row, {}]),
  copied('key-leak', 'row in another split too', (row) => [
    row,
    { split: row.split === 'train' ? 'val' : 'train' },
  ]),
  fannedOut(),
  swappedPaths(),
  changed('source-leak', 'one clip of a source in another split', () => ({}), moveOneOfSource),
  changed('integer-overflow', 'size wrapped at 32 bits', (row) => ({
    size_bytes: row.size_bytes - 2 ** 31 - 1e8,
  })),
  changed('integer-overflow', 'count cut off at 32 bits', () => ({ views: 2 ** 31 - 1 })),
  changed('non-finite-number', 'score is NaN', () => ({ motion_score: Number.NaN })),
  changed('non-finite-number', 'rate is infinite', () => ({ fps: Number.POSITIVE_INFINITY })),
  changed('out-of-domain-value', 'no width', () => ({ width_px: 0 })),
  changed('out-of-domain-value', 'duration below zero', () => ({ duration_s: -3.5 })),
  changed('out-of-domain-value', 'probability of 300', () => ({ watermark_score: 300 })),
  changed('timestamp-out-of-range', 'seconds read as milliseconds', () => ({
    created_at: '1970-01-20 16:20:00',
  })),
  changed('timestamp-out-of-range', 'far in the future', () => ({
    created_at: '2180-02-01 00:00:00',
  })),
  changed('clip-past-source-end', 'ends five seconds after its source', (row) => ({
    end_s: row.source_duration_s + 5,
  })),
  changed('clip-past-source-end', 'ends before it starts', (row) => ({
    start_s: row.end_s,
    end_s: row.start_s,
  })),
  changed('time-unit-mismatch', 'milliseconds', (row) => ({ duration_s: row.duration_s * 1000 })),
  changed('time-unit-mismatch', 'frames', (row) => ({ duration_s: row.frame_count })),
  changed('bucket-mismatch', 'bucket of another shape', (row) => ({
    bucket: row.width_px > row.height_px ? '720x1280' : '1280x720',
  })),
  changed('odd-dimensions', 'width odd', (row) => ({ width_px: row.width_px + 1 })),
  changed('latent-shape-mismatch', 'half of the steps', ({ latent_shape }) => ({
    latent_shape: latent_shape.with(1, Math.ceil((latent_shape[1] ?? 0) / 2)),
  })),
  changed('latent-shape-mismatch', 'four channels', ({ latent_shape }) => ({
    latent_shape: latent_shape.with(0, 4),
  })),
  changed('latent-dtype-mismatch', 'bfloat16', () => ({ latent_dtype: 'torch.bfloat16' })),
  changed('non-finite-latent', 'a NaN', ({ clip_embedding }) => ({
    clip_embedding: clip_embedding.with(3, Number.NaN),
  })),
  changed('constant-latent', 'zeros', ({ text_embedding }) => ({
    text_embedding: text_embedding.map(() => 0),
  })),
  changed('wrong-latent-scale', 'not scaled', ({ latent_std }) => ({
    latent_std: latent_std / 0.18215,
  })),
  changed('unnormalised-embedding', 'three times as long', ({ clip_embedding }) => ({
    clip_embedding: clip_embedding.map((value) => value * 3),
  })),
];

/** Spoils single rows; the changed rows are the bad ones. */
function changed(
  rule: string,
  name: string,
  change: (row: ManifestRow) => Partial<ManifestRow>,
  inject?: ManifestFault['inject'],
): ManifestFault {
  return {
    rule,
    name,
    inject:
      inject ??
      ((rows, at) => ({
        rows: rows.map((row, index) => (at.has(index) ? { ...row, ...change(row) } : row)),
        bad: keysAt(rows, at),
      })),
  };
}

/** Gives rows something of another row: both are bad. */
function withPartner(rule: string, name: string, change: Change): ManifestFault {
  return {
    rule,
    name,
    inject: (rows, at) => {
      const bad = new Set<string>();
      const partners = partnersOf(rows, at);
      const spoiled = rows.map((row, index) => {
        const other = partners.get(index);
        if (other === undefined) return row;
        bad.add(row.key).add(other.key);
        return { ...row, ...change(row, other, index) };
      });
      return { rows: spoiled, bad };
    },
  };
}

/** Writes rows a second time, somewhat changed, into the last shard. */
function copied(
  rule: string,
  name: string,
  change: (row: ManifestRow) => readonly [ManifestRow, Partial<ManifestRow>],
): ManifestFault {
  return {
    rule,
    name,
    inject: (rows, at) => {
      const last = rows.at(-1)?.shard ?? 0;
      const copies = [...at].flatMap((index) => {
        const row = rows[index];
        if (row === undefined) return [];
        const [whole, difference] = change(row);
        return [{ ...whole, ...difference, shard: last }];
      });
      return { rows: [...rows, ...copies], bad: keysAt(rows, at) };
    },
  };
}

function fannedOut(): ManifestFault {
  return {
    rule: 'join-fan-out',
    name: 'two score rows for a clip',
    inject: (rows, at) => ({
      rows: rows.flatMap((row, index) =>
        at.has(index) ? [row, { ...row, motion_score: row.motion_score / 2 }] : [row],
      ),
      bad: keysAt(rows, at),
    }),
  };
}

function swappedPaths(): ManifestFault {
  return {
    rule: 'key-path-mismatch',
    name: 'paths of two rows swapped',
    inject: (rows, at) => {
      const partners = partnersOf(rows, at);
      const paths = new Map<string, string>();
      for (const [index, other] of partners) {
        const row = rows[index];
        if (row === undefined) continue;
        paths.set(row.key, other.path).set(other.key, row.path);
      }
      return {
        rows: rows.map((row) => ({ ...row, path: paths.get(row.key) ?? row.path })),
        bad: new Set(paths.keys()),
      };
    },
  };
}

/** Moves one clip of a source with several into the other split. */
function moveOneOfSource(rows: readonly ManifestRow[], at: ReadonlySet<number>): Spoiled {
  const clips = new Map<string, number>();
  for (const row of rows) clips.set(row.source_id, (clips.get(row.source_id) ?? 0) + 1);
  const moved = new Set<string>();
  const bad = new Set<string>();
  const spoiled = rows.map((row, index) => {
    // From three clips on, the moved one is the one that stands alone.
    if (!at.has(index) || (clips.get(row.source_id) ?? 0) < 3 || moved.has(row.source_id))
      return row;
    moved.add(row.source_id);
    bad.add(row.key);
    return { ...row, split: row.split === 'train' ? 'val' : 'train' };
  });
  return { rows: spoiled, bad };
}

/** For each position another row that is not itself spoiled, each used once. */
function partnersOf(
  rows: readonly ManifestRow[],
  at: ReadonlySet<number>,
): ReadonlyMap<number, ManifestRow> {
  const free = rows.filter((_, index) => !at.has(index)).toReversed();
  const partners = new Map<number, ManifestRow>();
  let next = 0;
  for (const index of at) {
    const other = free[next++];
    if (other !== undefined) partners.set(index, other);
  }
  return partners;
}

function keysAt(rows: readonly ManifestRow[], at: ReadonlySet<number>): ReadonlySet<string> {
  return new Set(rows.flatMap((row, index) => (at.has(index) ? [row.key] : [])));
}
