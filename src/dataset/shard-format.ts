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
  | 'tar'
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
  tar: 'tar',
};

/** Suffixes that stand for two. */
const SHORT_SUFFIXES: Readonly<Record<string, string>> = { tgz: 'tar.gz', tzst: 'tar.zst' };

/** Formats without a compression of their own, so that their files may be compressed as a whole. */
const WHOLLY_COMPRESSED: ReadonlySet<ShardFormat> = new Set(['csv', 'tsv', 'jsonl', 'json', 'tar']);

const COMPRESSION_OF_EXTENSION: Readonly<Record<string, ShardCompression>> = {
  gz: 'gzip',
  gzip: 'gzip',
  zst: 'zstd',
  zstd: 'zstd',
};

const MEDIA_KINDS = {
  video: new Set('mp4 m4v mov mkv webm avi mpg mpeg ts m2ts flv wmv ogv 3gp gif'.split(' ')),
  image: new Set('jpg jpeg png webp avif heic heif bmp tif tiff jxl svg'.split(' ')),
  audio: new Set('wav mp3 flac ogg opus m4a aac'.split(' ')),
} as const;

/** Format and compression by file name, null if the name is that of no manifest shard. */
export function shardFormatOf(
  name: string,
): { readonly format: ShardFormat; readonly compression: ShardCompression } | null {
  const parts = name
    .toLowerCase()
    .split('.')
    .flatMap((part, i) => (i > 0 ? (SHORT_SUFFIXES[part] ?? part).split('.') : [part]));
  const last = parts.at(-1) ?? '';
  const compression = parts.length > 2 ? COMPRESSION_OF_EXTENSION[last] : undefined;
  const format =
    parts.length > 1
      ? FORMAT_OF_EXTENSION[compression === undefined ? last : (parts.at(-2) ?? '')]
      : undefined;
  if (format === undefined) return null;
  if (compression !== undefined && !WHOLLY_COMPRESSED.has(format)) return null;
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

/** What the end of a name says of its medium, null if it is that of none; the text form of a range keeps its name. */
export function mediaKindOf(name: string): 'video' | 'image' | 'audio' | null {
  const text = name.replace(/#\d+\+\d+$/, '');
  const dot = text.lastIndexOf('.');
  const extension = dot > 0 ? text.slice(dot + 1).toLowerCase() : '';
  if (MEDIA_KINDS.video.has(extension)) return 'video';
  if (MEDIA_KINDS.image.has(extension)) return 'image';
  return MEDIA_KINDS.audio.has(extension) ? 'audio' : null;
}

/** The name ends like that of a file of arrays, with or without the range of a member behind it. */
export function isArrayName(name: string): boolean {
  return /\.(npy|npz|safetensors|pt|pth)(#\d+\+\d+)?$/i.test(name);
}

/** The name ends like that of a video, image or sound. */
export function isMediaName(name: string): boolean {
  return mediaKindOf(name) !== null;
}
