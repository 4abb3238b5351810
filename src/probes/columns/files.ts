import { ERROR_COLUMNS, type EvidenceColumns } from './evidence-column.ts';

/** Whether a medium is there, and what its first bytes say. */
export const FILE_COLUMNS = {
  exists: { type: 'BOOLEAN', doc: 'Something is there under the path.' },
  is_file: { type: 'BOOLEAN', doc: 'It is a regular file (or object), not a directory.' },
  size_bytes: { type: 'BIGINT', doc: 'Size by stat or HEAD.' },
  modified_ms: { type: 'DOUBLE', doc: 'Modification time, ms since the epoch.' },
  version: {
    type: 'VARCHAR',
    doc: 'ETag of an object, or what else its store tells versions apart by; null for local files.',
  },
  extension: { type: 'VARCHAR', doc: 'Lower-case file name suffix without the dot.' },
  magic: {
    type: 'VARCHAR',
    doc: 'What the first bytes say: mp4, mov, matroska, webm, avi, mpegts, flv, gif, jpeg, png, webp, avif, tiff, svg, html, json, text, zip, empty, unknown…',
  },
  content_hash: {
    type: 'VARCHAR',
    doc: 'sha256 of all bytes, hex, or the MD5 that a store tells (md5:…); computed where another medium has the same size.',
  },
  ...ERROR_COLUMNS,
} as const satisfies EvidenceColumns;
