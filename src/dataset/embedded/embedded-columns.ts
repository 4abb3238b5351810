import { detectMagic, type Magic } from '../../media/magic.ts';
import { mediaTypeOf } from '../../media/media-type.ts';
import { type ColumnType, parseColumnType } from '../column-type.ts';
import { normaliseName } from '../column-synonyms.ts';
import type { NamedType } from '../source.ts';
import { quoteIdentifier, quoteLiteral } from '../sql-quote.ts';

/** A column whose values are media: no scan over rows reads them, and a text stands in for each. */
export type EmbeddedColumn = {
  /** The user's name of the column. */
  readonly source: string;
  /** The type as it is in the shards. */
  readonly type: string;
  /** Field of a struct that holds the bytes; null: the value itself. */
  readonly field: string | null;
  /** Values are lists, of which the first element counts. */
  readonly isList: boolean;
  /** Bytes are written as base64 text. */
  readonly isBase64: boolean;
  /** Field of the struct that names a file; null: there is none. */
  readonly pathField: string | null;
  /** Another column that names the file, where the value itself carries no name; null: there is none. */
  readonly pathColumn: string | null;
  /** What the values are: pictures, films and sound, or numbers computed from them. */
  readonly kind: 'medium' | 'feature';
  /** What names without an ending end with (`.mp4` of a column `mp4`), or nothing. */
  readonly ending: string;
};

/** A column that may be embedded, and where in it the bytes would be. */
export type Candidate = Omit<EmbeddedColumn, 'pathColumn' | 'kind'> & {
  /** The name or the shape says so, whatever the values are. */
  readonly isNamedSo: boolean;
};

const BYTES_FIELDS = ['bytes', 'data', 'content', 'image_bytes', 'video_bytes'];
const PATH_FIELDS = ['path', 'file_name', 'filename', 'name', 'key'];

/** Names that media columns have: WebDataset's endings, and what people call pictures, films and sounds. */
const ENDINGS =
  /^(jpe?g|png|webp|gif|bmp|tiff?|avif|mp4|m4v|mov|mkv|webm|avi|mp3|wav|flac|ogg|opus|m4a|npy|npz|pt|pth|safetensors)$/;
const MEDIA_WORD =
  /(^|_)(images?|img|pictures?|photo|videos?|clip|movie|media|audio|sound|thumbnail|mask|latents?|jpe?g|png|webp|mp4|webm)(_|$)/;
const OTHER_WORD = /(hash|md5|sha\d*|digest|crc|embedding|emb|vector|uuid|id|key)(_|$)/;

/** Columns of bytes or of text that may be media, by their types and names. */
export function embeddedCandidates(columns: readonly NamedType[]): readonly Candidate[] {
  return columns.flatMap((column) => {
    const found = shapeOf(parseColumnType(column.type));
    if (found === null) return [];
    const name = normaliseName(column.name.replace(/^.*\./, ''));
    const isStruct = found.field !== null;
    const isMediaName = ENDINGS.test(name) || (MEDIA_WORD.test(name) && !OTHER_WORD.test(name));
    // Text is media only where it proves to be; of a struct, the pair of bytes and path says enough.
    const isNamedSo = !found.isBase64 && (isMediaName || (isStruct && found.pathField !== null));
    if (found.isBase64 && !isStruct && !isMediaName) return [];
    const ending = ENDINGS.test(name) ? `.${name}` : '';
    return [{ source: column.name, type: column.type, ...found, ending, isNamedSo }];
  });
}

type Shape = Pick<EmbeddedColumn, 'field' | 'isList' | 'isBase64' | 'pathField'>;

function shapeOf(type: ColumnType): Shape | null {
  if (type.kind === 'list') {
    const element = shapeOf(type.element);
    return element === null || element.isList ? null : { ...element, isList: true };
  }
  const plain = { field: null, isList: false, pathField: null };
  if (type.kind === 'blob') return { ...plain, isBase64: false };
  if (type.kind === 'text' && type.text === 'VARCHAR') return { ...plain, isBase64: true };
  if (type.kind !== 'struct') return null;
  const bytes = BYTES_FIELDS.flatMap((name) =>
    type.fields.filter(
      (field) =>
        field.name.toLowerCase() === name &&
        (field.type.kind === 'blob' || field.type.kind === 'text'),
    ),
  )[0];
  if (bytes === undefined) return null;
  // JSON that is null in every row has no type yet.
  const path = PATH_FIELDS.flatMap((name) =>
    type.fields.filter(
      (field) =>
        field.name.toLowerCase() === name &&
        (field.type.kind === 'text' || field.type.kind === 'json'),
    ),
  )[0];
  const isBase64 = bytes.type.kind === 'text';
  // `{data, name}` of two texts is anything.
  if (isBase64 && path === undefined) return null;
  return { field: bytes.name, isList: false, isBase64, pathField: path?.name ?? null };
}

const FEATURE_FILES: ReadonlySet<Magic> = new Set<Magic>(['npy', 'zip']);
const SOUND_FILES: ReadonlySet<Magic> = new Set<Magic>(['wav', 'mp3', 'flac']);
const FEATURE_NAME = /^(npy|npz|pt|pth|safetensors)$|(^|_)(latents?|features?)(_|$)/;

/** What a candidate is by its name and its first values; null for bytes that are neither media nor features. */
export function kindOfCandidate(
  candidate: Candidate,
  first: readonly (Uint8Array | null)[],
): EmbeddedColumn['kind'] | null {
  const values = first.flatMap((bytes) => (bytes === null || bytes.length === 0 ? [] : [bytes]));
  const kinds = values.map((bytes) => kindOfBytes(bytes));
  const known = kinds.filter((kind) => kind !== null).length;
  const isMost = known > 0 && known * 2 >= values.length;
  const isSo = candidate.isBase64
    ? isMost && known === values.length
    : candidate.isNamedSo || isMost;
  if (!isSo) return null;
  const isFeature = FEATURE_NAME.test(normaliseName(candidate.source)) || kinds.includes('feature');
  return isFeature && !kinds.includes('medium') ? 'feature' : 'medium';
}

function kindOfBytes(bytes: Uint8Array): EmbeddedColumn['kind'] | null {
  const magic = detectMagic(bytes.subarray(0, 1024));
  if (FEATURE_FILES.has(magic)) return 'feature';
  return mediaTypeOf(magic) !== null || SOUND_FILES.has(magic) ? 'medium' : null;
}

/**
 * SQL of the file name that a value carries, over a relation with the column; null: values carry none, or stand in lists, of which
 * DuckDB reads a field only with all the others.
 */
export function innerPathSql(column: EmbeddedColumn): string | null {
  if (column.isList) return null;
  if (column.pathField === null)
    return column.pathColumn === null ? null : quoteIdentifier(column.pathColumn);
  const id = quoteIdentifier(column.source);
  return `struct_extract(${id}, ${quoteLiteral(column.pathField)})::varchar`;
}

/** SQL of the bytes or base64 text of a value. */
export function valueSql(column: EmbeddedColumn): string {
  const id = quoteIdentifier(column.source);
  const element = column.isList ? `${id}[1]` : id;
  return column.field === null
    ? element
    : `struct_extract(${element}, ${quoteLiteral(column.field)})`;
}

/**
 * SQL of the text that stands in for a value: `train.parquet/image/12/cat.jpg`, shard, column, row and the name that the value
 * carries, or `train.parquet/jpg/12.jpg`. `shard` and `row` are SQL; {@link parseCellText} is its inverse.
 */
export function cellTextSql(column: EmbeddedColumn, shard: string, row: string): string {
  const place = `${shard} || ${quoteLiteral(`/${column.source}/`)} || ${row}`;
  const inner = innerPathSql(column);
  const bare = quoteLiteral(column.ending);
  return inner === null
    ? `${place} || ${bare}`
    : `${place} || coalesce('/' || nullif(${inner}, ''), ${bare})`;
}

/** A text of {@link cellTextSql} taken apart. */
export type CellText = {
  readonly shard: string;
  readonly column: EmbeddedColumn;
  readonly row: number;
  /** The name that the value carries, null if it has none. */
  readonly innerPath: string | null;
};

/** The cell that a text stands for; null if it is no such text. */
export function parseCellText(
  text: string,
  columns: readonly EmbeddedColumn[],
  isShard: (name: string) => boolean,
): CellText | null {
  for (const column of columns) {
    const marker = `/${column.source}/`;
    for (let at = text.indexOf(marker); at > 0; at = text.indexOf(marker, at + 1)) {
      const shard = text.slice(0, at);
      if (!isShard(shard)) continue;
      const rest = /^(\d{1,15})(?:\/(.*))?/s.exec(text.slice(at + marker.length));
      if (rest === null) continue;
      return { shard, column, row: Number(rest[1]), innerPath: rest[2] ?? null };
    }
  }
  return null;
}
