import { AUDIO_COLUMNS } from './columns/audio.ts';
import { CONTAINER_COLUMNS } from './columns/containers.ts';
import type { EvidenceColumns, EvidenceType } from './columns/evidence-column.ts';
import { FILE_COLUMNS } from './columns/files.ts';
import { FRAME_COLUMNS } from './columns/frames.ts';
import { IMAGE_COLUMNS } from './columns/images.ts';
import { LATENT_COLUMNS } from './columns/latents.ts';
import { PACKET_COLUMNS } from './columns/packets.ts';

/**
 * The evidence tables that probes fill: one row per looked-at medium, measures with units, no opinions.
 *
 * Every table also has the key columns of {@link EVIDENCE_KEY_COLUMNS} in front. A measurement that could not be made
 * is `null`; a medium that could not be measured at all is a row with `error_code` and `error_message`.
 */

/** Which clip and which of its media a row of evidence is about. */
export const EVIDENCE_KEY_COLUMNS = {
  clip_id: { type: 'BIGINT', doc: 'The clip: shard number * 2^40 + row number.' },
  medium: {
    type: 'VARCHAR',
    doc: 'The manifest column that named the medium (path, or one of several).',
  },
} as const satisfies EvidenceColumns;

/** `data` faults are findings about the medium; `tool` faults make a rule incomplete, because nobody looked. */
export const MEDIA_ERROR_CODES = {
  'missing-file': 'data',
  'not-a-file': 'data',
  'path-outside-root': 'data',
  'invalid-path': 'data',
  'permission-denied': 'data',
  'changed-while-read': 'data',
  'refused-address': 'data',
  'empty-file': 'data',
  'unknown-format': 'data',
  'corrupt-header': 'data',
  'truncated-header': 'data',
  'no-video-track': 'data',
  'no-frames': 'data',
  'too-many-pixels': 'data',
  'pickled-objects': 'data',
  'unsupported-codec': 'tool',
  'decoder-crashed': 'tool',
  'decoder-timeout': 'tool',
  'decoder-unavailable': 'tool',
  'out-of-memory': 'tool',
  unreachable: 'tool',
  internal: 'tool',
} as const;

export type MediaErrorCode = keyof typeof MEDIA_ERROR_CODES;

export const EVIDENCE_TABLES = {
  files: FILE_COLUMNS,
  containers: CONTAINER_COLUMNS,
  packets: PACKET_COLUMNS,
  frames: FRAME_COLUMNS,
  audio: AUDIO_COLUMNS,
  images: IMAGE_COLUMNS,
  latents: LATENT_COLUMNS,
} as const satisfies Readonly<Record<string, EvidenceColumns>>;

export type EvidenceTable = keyof typeof EVIDENCE_TABLES;

/** Whether a value names an evidence table. */
export function isEvidenceTable(name: unknown): name is EvidenceTable {
  return typeof name === 'string' && Object.hasOwn(EVIDENCE_TABLES, name);
}

type ValueOf<T extends EvidenceType> = T extends 'BOOLEAN'
  ? boolean
  : T extends 'INTEGER' | 'DOUBLE'
    ? number
    : T extends 'BIGINT'
      ? number | bigint
      : T extends 'VARCHAR'
        ? string
        : T extends 'BIGINT[]'
          ? readonly (number | bigint | null)[]
          : T extends 'VARCHAR[]'
            ? readonly (string | null)[]
            : readonly (number | null)[];

/** A row of one evidence table as a probe emits it: every column, `null` where nothing was measured. */
export type EvidenceRow<T extends EvidenceTable> = {
  readonly [C in keyof (typeof EVIDENCE_TABLES)[T]]: (typeof EVIDENCE_TABLES)[T][C] extends {
    readonly type: infer K extends EvidenceType;
  }
    ? ValueOf<K> | null
    : never;
};

/** A row of nothing but an error. */
export function errorRow<T extends EvidenceTable>(
  table: T,
  code: MediaErrorCode,
  message: string,
): EvidenceRow<T> {
  const row: Record<string, string | null> = {};
  for (const column of Object.keys(EVIDENCE_TABLES[table])) row[column] = null;
  row['error_code'] = code;
  row['error_message'] = message.replaceAll(/\s+/g, ' ').slice(0, 500);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: every column of the table was just set
  return row as EvidenceRow<T>;
}
