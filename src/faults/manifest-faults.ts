import {
  changed,
  copied,
  type FaultRow,
  numberIn,
  numbersIn,
  partnersOf,
  type RowFault,
  textIn,
  withPartner,
} from './row-fault.ts';

const otherSplit = (row: FaultRow): string =>
  /^train/i.test(textIn(row, 'split')) ? 'val' : 'train';

/** Faults of identity, splits, numbers and features: one entry a mechanism. */
export const MANIFEST_FAULTS: readonly RowFault[] = [
  withPartner('duplicate-path', 'path of another clip', ['path'], (row, other) => ({
    path: other['path'],
    ...(row['start_s'] === undefined ? {} : { start_s: other['start_s'], end_s: other['end_s'] }),
  })),
  withPartner('duplicate-media', 'content of another clip', ['content_hash'], (_, other) => ({
    content_hash: other['content_hash'],
  })),
  withPartner(
    'overlapping-clips',
    'cut of another clip, begun a tenth later',
    ['source_id', 'start_s', 'end_s'],
    (_, other) => {
      const [start, end] = [numberIn(other, 'start_s'), numberIn(other, 'end_s')];
      return {
        source_id: other['source_id'],
        start_s: start + 0.1 * (end - start),
        end_s: end,
      };
    },
  ),
  withPartner(
    'duplicate-embedding',
    'picture embedding of another clip',
    ['clip_embedding'],
    (_, other) => ({ clip_embedding: other['clip_embedding'] }),
  ),
  withPartner(
    'duplicate-embedding',
    'text embedding of another caption',
    ['text_embedding', 'caption'],
    (row, other) => ({
      caption: `${textIn(row, 'caption')} Seen from afar.`,
      text_embedding: other['text_embedding'],
    }),
  ),
  copied('duplicate-key', 'row written again at the end', ['key'], () => ({})),
  copied('key-leak', 'row in another split too', ['key', 'split'], (row) => ({
    split: otherSplit(row),
  })),
  copied(
    'join-fan-out',
    'two score rows for a clip',
    ['key', 'caption'],
    (row) => ({ motion_score: numberIn(row, 'motion_score') / 2 }),
    'same',
  ),
  swappedPaths(),
  movedOfSource(),
  changed('integer-overflow', 'size wrapped at 32 bits', ['size_bytes'], (row) => ({
    size_bytes: numberIn(row, 'size_bytes') - 2 ** 31 - 1e8,
  })),
  changed('integer-overflow', 'count cut off at 32 bits', ['integer'], (_, context) =>
    context.integerColumn === null ? {} : { [context.integerColumn]: 2 ** 31 - 1 },
  ),
  changed('non-finite-number', 'score is NaN', ['real'], (_, context) =>
    context.realColumn === null ? {} : { [context.realColumn]: Number.NaN },
  ),
  changed('non-finite-number', 'score is infinite', ['real'], (_, context) =>
    context.realColumn === null ? {} : { [context.realColumn]: Number.POSITIVE_INFINITY },
  ),
  changed('out-of-domain-value', 'no width', ['width_px'], () => ({ width_px: 0 })),
  changed('out-of-domain-value', 'duration below zero', ['duration_s'], () => ({
    duration_s: -3.5,
  })),
  changed('out-of-domain-value', 'probability of 300', ['watermark_score'], () => ({
    watermark_score: 300,
  })),
  changed('timestamp-out-of-range', 'seconds read as milliseconds', ['created_at'], () => ({
    created_at: '1970-01-20 16:20:00',
  })),
  changed('timestamp-out-of-range', 'far in the future', ['created_at'], () => ({
    created_at: '2180-02-01 00:00:00',
  })),
  changed(
    'clip-past-source-end',
    'ends five seconds after its source',
    ['end_s', 'source_duration_s'],
    (row) => ({ end_s: numberIn(row, 'source_duration_s') + 5 }),
  ),
  changed('clip-past-source-end', 'ends before it starts', ['start_s', 'end_s'], (row) => ({
    start_s: row['end_s'],
    end_s: row['start_s'],
  })),
  changed(
    'bucket-mismatch',
    'bucket of another shape',
    ['bucket', 'width_px', 'height_px'],
    (row) => ({
      bucket: numberIn(row, 'width_px') > numberIn(row, 'height_px') ? '720x1280' : '1280x720',
    }),
  ),
  changed('odd-dimensions', 'width odd', ['width_px'], (row) => ({
    width_px: numberIn(row, 'width_px') + 1,
  })),
  changed('latent-shape-mismatch', 'half of the steps', ['latent_shape'], (row) => {
    const shape = numbersIn(row, 'latent_shape');
    return { latent_shape: shape.with(1, Math.ceil((shape[1] ?? 0) / 2)) };
  }),
  changed('latent-shape-mismatch', 'four channels', ['latent_shape'], (row) => ({
    latent_shape: numbersIn(row, 'latent_shape').with(0, 4),
  })),
  changed('latent-dtype-mismatch', 'bfloat16', ['latent_dtype'], () => ({
    latent_dtype: 'torch.bfloat16',
  })),
  changed('non-finite-latent', 'a NaN', ['clip_embedding'], (row) => ({
    clip_embedding: numbersIn(row, 'clip_embedding').with(3, Number.NaN),
  })),
  changed('constant-latent', 'zeros', ['text_embedding'], (row) => ({
    text_embedding: numbersIn(row, 'text_embedding').map(() => 0),
  })),
  changed('wrong-latent-scale', 'not scaled', ['latent_std'], (row) => ({
    latent_std: numberIn(row, 'latent_std') / 0.18215,
  })),
  changed('unnormalised-embedding', 'three times as long', ['clip_embedding'], (row) => ({
    clip_embedding: numbersIn(row, 'clip_embedding').map((value) => value * 3),
  })),
];

function swappedPaths(): RowFault {
  return {
    rule: 'key-path-mismatch',
    name: 'paths of two rows swapped',
    needs: ['key', 'path'],
    reach: 'row',
    inject: (rows, at, context) => {
      const partners = partnersOf(rows, at, context);
      const paths = new Map<string, unknown>();
      for (const row of rows) {
        const other = partners.get(row.key);
        if (other !== undefined) paths.set(row.key, other['path']).set(other.key, row['path']);
      }
      return {
        rows: rows.map((row) => (paths.has(row.key) ? { ...row, path: paths.get(row.key) } : row)),
        bad: new Set(paths.keys()),
      };
    },
  };
}

/** Moves one clip of a source with several into the other split. */
function movedOfSource(): RowFault {
  return {
    rule: 'source-leak',
    name: 'one clip of a source in another split',
    needs: ['source_id', 'split'],
    reach: 'row',
    inject: (rows, at) => {
      const clips = new Map<unknown, number>();
      for (const row of rows) {
        const source = row['source_id'];
        clips.set(source, (clips.get(source) ?? 0) + 1);
      }
      const moved = new Set<unknown>();
      const bad = new Set<string>();
      for (const row of rows) {
        const source = row['source_id'];
        // From three clips on, the moved one is the one that stands alone.
        if (!at.has(row.key) || (clips.get(source) ?? 0) < 3 || moved.has(source)) continue;
        moved.add(source);
        bad.add(row.key);
      }
      return {
        rows: rows.map((row) => (bad.has(row.key) ? { ...row, split: otherSplit(row) } : row)),
        bad,
      };
    },
  };
}
