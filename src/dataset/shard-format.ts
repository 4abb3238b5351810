/**
 * How the rows of a shard are stored. `media` is a directory of media files without a manifest; `delta`, `iceberg` and
 * `lance` are tables that an extension of DuckDB has to read.
 */
export type ShardFormat =
  | 'parquet'
  | 'arrow'
  | 'csv'
  | 'tsv'
  | 'jsonl'
  | 'json'
  | 'media'
  | 'delta'
  | 'iceberg'
  | 'lance';
export type ShardCompression = 'none' | 'gzip' | 'zstd';

const FORMAT_OF_EXTENSION: Readonly<Record<string, ShardFormat>> = {
  parquet: 'parquet',
  parq: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
};

/** Formats that only text files have, so that only they may be compressed as a whole. */
const TEXT_FORMATS: ReadonlySet<ShardFormat> = new Set(['csv', 'tsv', 'jsonl', 'json']);

const COMPRESSION_OF_EXTENSION: Readonly<Record<string, ShardCompression>> = {
  gz: 'gzip',
  gzip: 'gzip',
  zst: 'zstd',
  zstd: 'zstd',
};

const MEDIA_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'mp4 m4v mov mkv webm avi mpg mpeg ts m2ts flv wmv ogv 3gp gif ' +
    'jpg jpeg png webp avif heic heif bmp tif tiff jxl svg wav mp3 flac ogg opus m4a aac'
  ).split(' '),
);

/** Format and compression by file name, null if the name is that of no manifest shard. */
export function shardFormatOf(
  name: string,
): { readonly format: ShardFormat; readonly compression: ShardCompression } | null {
  const parts = name.toLowerCase().split('.');
  const last = parts.at(-1) ?? '';
  const compression = parts.length > 2 ? COMPRESSION_OF_EXTENSION[last] : undefined;
  const format =
    parts.length > 1
      ? FORMAT_OF_EXTENSION[compression === undefined ? last : (parts.at(-2) ?? '')]
      : undefined;
  if (format === undefined) return null;
  if (compression !== undefined && !TEXT_FORMATS.has(format)) return null;
  return { format, compression: compression ?? 'none' };
}

/** The binary format whose files begin so; null for text and anything else. */
export function binaryFormatOf(head: Uint8Array): 'parquet' | 'arrow' | null {
  const text = Buffer.from(head).toString('latin1');
  // PARE: the footer is encrypted, which the reader says.
  if (/^PAR[1E]/.test(text)) return 'parquet';
  // A stream begins with the marker of its first message.
  return text.startsWith('ARROW1') || text.startsWith('\xff\xff\xff\xff') ? 'arrow' : null;
}

/** The name ends like that of a video, image or sound. */
export function isMediaName(name: string): boolean {
  const dot = name.lastIndexOf('.');
  return dot > 0 && MEDIA_EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}
