import { closestWord } from '../config/did-you-mean.ts';
import { DailiesError } from '../dailies-error.ts';
import type { CanonicalColumn } from './canonical-columns.ts';
import { CANONICAL_COLUMNS, RESERVED_COLUMNS, isCanonicalColumn } from './canonical-columns.ts';
import { ROLE_SYNONYMS, normaliseName } from './column-synonyms.ts';
import { columnPathExpression } from './column-path.ts';
import { parseColumnType } from './column-type.ts';
import { isArrayName, isMediaName } from './shard-format.ts';
import type { RoleExpression, SampledColumn } from './role-expression.ts';
import { roleExpression } from './role-expression.ts';

/** A user's column that became a canonical one. */
export type MappedColumn = RoleExpression & {
  readonly role: CanonicalColumn;
  /** The user's columns that the expression reads. */
  readonly sources: readonly string[];
  readonly reason: string;
};

/** A user's column that stays in `clips` under its own name, or under a stated other one. */
type KeptColumn = {
  readonly source: string;
  readonly name: string;
  readonly reason: string;
};

export type ColumnMap = {
  readonly mapped: readonly MappedColumn[];
  readonly kept: readonly KeptColumn[];
  /** Columns of `clips` that name a medium: `path` and further ones. */
  readonly mediaColumns: readonly string[];
  /** Columns of `clips` that name a file of features: `latent_path` and further ones. */
  readonly latentColumns: readonly string[];
};

/** Columns whose values are bytes, of media or of features. */
type InsideColumns = {
  readonly media: readonly string[];
  readonly features: readonly string[];
};

/** What the user's configuration says a canonical column is: a column, a path into one (`captions[0].text`), or several columns. */
export type ColumnOverrides = Readonly<Record<string, string | readonly string[]>>;

/** Roles in the order in which they choose: the surest claims first, so that `image` may be bytes before it is a path. */
const ROLE_ORDER = [
  'bytes',
  'path',
  'caption',
  'key',
  'source_id',
  ...Object.keys(CANONICAL_COLUMNS).filter(
    (role) => !['bytes', 'path', 'caption', 'key', 'source_id'].includes(role),
  ),
].filter(isCanonicalColumn);

/**
 * Which of the user's columns are which canonical ones: by configuration, by what the format of the dataset says (`given`), then by
 * names, types and values. `inside` are columns that hold media as bytes: one of them is the path before any other, and all of
 * them are media. Throws DailiesError `config` for an override that names no canonical column or no column of the dataset.
 */
export function mapColumns(
  columns: readonly SampledColumn[],
  overrides: ColumnOverrides = {},
  given: ColumnOverrides = {},
  inside: InsideColumns = { media: [], features: [] },
): ColumnMap {
  const mapped = new Map<CanonicalColumn, MappedColumn>();
  const taken = new Set<string>();
  let moreMedia: readonly string[] = [];
  for (const [role, wanted] of Object.entries(overrides)) {
    const names = typeof wanted === 'string' ? [wanted] : wanted;
    const found = overriddenColumn(role, names, columns);
    if (found === null) continue;
    mapped.set(found.role, found);
    for (const source of found.sources) taken.add(source);
    if (found.role === 'path') moreMedia = names.slice(1);
  }
  for (const [role, wanted] of Object.entries(given)) {
    const names = (typeof wanted === 'string' ? [wanted] : wanted).filter(
      (name) => !taken.has(name),
    );
    if (Object.hasOwn(overrides, role)) {
      if (role === 'path' && moreMedia.length === 0) moreMedia = names;
      continue;
    }
    const found = overriddenColumn(role, names, columns);
    if (found === null) continue;
    mapped.set(found.role, { ...found, reason: 'the format says so' });
    for (const source of found.sources) taken.add(source);
    if (found.role === 'path') moreMedia = names.slice(1);
  }
  const bytes =
    Object.hasOwn(overrides, 'path') || mapped.has('path')
      ? null
      : chooseInside(columns, inside.media);
  if (bytes !== null) {
    mapped.set('path', bytes);
    for (const source of bytes.sources) taken.add(source);
  }
  for (const role of ROLE_ORDER) {
    if (mapped.has(role) || Object.hasOwn(overrides, role)) continue;
    const found = inferColumn(role, columns, taken);
    if (found === null) continue;
    mapped.set(role, found);
    for (const source of found.sources) taken.add(source);
  }
  if (!mapped.has('path') && !mapped.has('bytes') && !Object.hasOwn(overrides, 'path')) {
    const found = findMediaNames(columns, taken);
    const [first] = found;
    if (first !== undefined) mapped.set('path', first);
    for (const source of first?.sources ?? []) taken.add(source);
    moreMedia = found.slice(1).flatMap(({ sources }) => sources);
  }
  if (!mapped.has('caption') && !Object.hasOwn(overrides, 'caption')) {
    const found = findSentences(columns, taken);
    if (found !== null) mapped.set('caption', found);
    for (const source of found?.sources ?? []) taken.add(source);
  }
  const nested = new Set(
    [...mapped.values()]
      .filter((each) => each.note?.includes('taken'))
      .flatMap((each) => each.sources),
  );
  const kept = keepColumns(
    columns.filter(
      (column) =>
        !taken.has(column.name) || nested.has(column.name) || moreMedia.includes(column.name),
    ),
    mapped,
  );
  const ordered = Object.keys(CANONICAL_COLUMNS).flatMap((role) =>
    isCanonicalColumn(role) ? (mapped.get(role) ?? []) : [],
  );
  return {
    mapped: ordered,
    kept,
    mediaColumns: findMediaColumns(columns, kept, mapped, moreMedia, inside.media),
    latentColumns: findLatentColumns(columns, kept, mapped, inside.features),
  };
}

function rankInside(name: string): number {
  const normal = normaliseName(name);
  const at = ROLE_SYNONYMS.path.indexOf(normal);
  const isFilm = /mp4|m4v|mov|mkv|webm|avi|video|clip/.test(normal);
  const isAside = /audio|sound|mp3|wav|flac|mask|depth|thumb/.test(normal);
  return (isFilm ? 0 : isAside ? 2 : 1) * 1000 + (at < 0 ? 999 : at);
}

/** Of columns that hold media as bytes the one that is the clip: films before pictures before sound, then by usual names. */
function chooseInside(
  columns: readonly SampledColumn[],
  inside: readonly string[],
): MappedColumn | null {
  const [best] = columns
    .filter((column) => inside.includes(column.name))
    .toSorted((a, b) => rankInside(a.name) - rankInside(b.name));
  const found = best === undefined ? null : roleExpression('path', best);
  if (best === undefined || found === null) return null;
  return { ...found, role: 'path', sources: [best.name], reason: 'its bytes are the clip' };
}

function overriddenColumn(
  role: string,
  names: readonly string[],
  columns: readonly SampledColumn[],
): MappedColumn | null {
  if (!isCanonicalColumn(role))
    throw new DailiesError('config', `columns: ${JSON.stringify(role)} is no canonical column`, {
      hint: `the canonical columns are ${Object.keys(CANONICAL_COLUMNS).join(', ')}`,
    });
  if (names.length === 0) return null;
  const parts = names.map((name) => expressionFor(role, name, columns));
  const [first] = parts;
  if (first === undefined) return null;
  const reason = `said by the configuration: ${names.join(', ')}`;
  if (parts.length === 1 || role === 'path')
    return { ...first, role, sources: [first.source], reason };
  const joined = parts.map((part) => part.expression);
  const expression =
    role === 'key'
      ? `concat_ws('/', ${joined.map((each) => `${each}::varchar`).join(', ')})`
      : `coalesce(${joined.join(', ')})`;
  return {
    expression,
    note: role === 'key' ? 'joined with /' : 'the first that is not null',
    canLose: false,
    role,
    sources: parts.map((part) => part.source),
    reason,
  };
}

function expressionFor(
  role: CanonicalColumn,
  name: string,
  columns: readonly SampledColumn[],
): RoleExpression & { readonly source: string } {
  const exact =
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (exact !== undefined) {
    refuseNumbers(role, exact, columns);
    const found = roleExpression(role, exact) ?? fallbackCast(role, exact);
    return { ...found, source: exact.name };
  }
  const nested = columnPathExpression(name, columns);
  if (nested !== null) {
    const type = CANONICAL_COLUMNS[role].type;
    return {
      expression: type === null ? nested.expression : `try_cast(${nested.expression} as ${type})`,
      note: `${name} is taken`,
      canLose: type !== null && type !== 'VARCHAR',
      source: nested.source,
    };
  }
  const names = columns.map((column) => column.name);
  const near = closestWord(name, names);
  const more = names.length > 40 ? `, and ${names.length - 40} more` : '';
  throw new DailiesError(
    'config',
    `columns.${role}: the dataset has no column ${JSON.stringify(name)}`,
    {
      hint: `${near === null ? '' : `did you mean '${near}'? `}its columns are ${names.slice(0, 40).join(', ')}${more}`,
    },
  );
}

/** Captions and paths are text: a column of numbers in their place is a slip of whoever named it. */
function refuseNumbers(
  role: CanonicalColumn,
  column: SampledColumn,
  columns: readonly SampledColumn[],
): void {
  const { kind } = parseColumnType(column.type);
  if ((role !== 'caption' && role !== 'path') || !['number', 'boolean', 'instant'].includes(kind))
    return;
  const texts = columns.filter((each) => parseColumnType(each.type).kind === 'text');
  const names = texts.slice(0, 40).map((each) => each.name);
  throw new DailiesError(
    'config',
    `columns.${role}: ${JSON.stringify(column.name)} holds ${column.type}, and a ${role} is text`,
    {
      hint: names.length === 0 ? 'no column holds text' : `columns of text are ${names.join(', ')}`,
    },
  );
}

function fallbackCast(role: CanonicalColumn, column: SampledColumn): RoleExpression {
  const id =
    columnPathExpression(column.name, [column])?.expression ??
    `"${column.name.replaceAll('"', '""')}"`;
  const type = CANONICAL_COLUMNS[role].type;
  if (type === null) return { expression: id, note: null, canLose: false };
  return {
    expression: `try_cast(${id} as ${type})`,
    note: `${column.type} read as ${type}`,
    canLose: true,
  };
}

function inferColumn(
  role: CanonicalColumn,
  columns: readonly SampledColumn[],
  taken: ReadonlySet<string>,
): MappedColumn | null {
  const candidates = columns
    .filter((column) => !taken.has(column.name) || role === 'path' || role === 'bytes')
    .flatMap((column) => {
      const rank = ROLE_SYNONYMS[role].indexOf(normaliseName(column.name));
      return rank < 0 ? [] : [{ column, rank }];
    })
    .toSorted((a, b) => a.rank - b.rank);
  for (const { column } of candidates) {
    const found = roleExpression(role, column);
    if (found === null || !isPlausible(role, column)) continue;
    const own =
      column.name === role
        ? 'it has the canonical name'
        : `the name ${JSON.stringify(column.name)} is a usual one for ${role}`;
    return {
      ...found,
      role,
      sources: [column.name],
      reason: found.note === null ? own : `${own}; ${found.note}`,
    };
  }
  return null;
}

/** Words that a text has on average if it may be a caption without the name of one. */
const FEWEST_CAPTION_WORDS = 4;

/** The text column with the most words a value, if they look like sentences. */
function findSentences(
  columns: readonly SampledColumn[],
  taken: ReadonlySet<string>,
): MappedColumn | null {
  const candidates = columns
    .filter((column) => column.type === 'VARCHAR' && !taken.has(column.name))
    .map((column) => ({ column, words: averageWords(column) }))
    .filter(({ words }) => words >= FEWEST_CAPTION_WORDS)
    .toSorted((a, b) => b.words - a.words);
  const [best] = candidates;
  const found = best === undefined ? null : roleExpression('caption', best.column);
  if (best === undefined || found === null) return null;
  const name = JSON.stringify(best.column.name);
  const reason = `no column is called caption; the values of ${name} have ${best.words.toFixed(0)} words on average`;
  return { ...found, role: 'caption', sources: [best.column.name], reason };
}

/** Columns whose every value is the name of a media file, but for those that say where a clip comes from. */
function findMediaNames(
  columns: readonly SampledColumn[],
  taken: ReadonlySet<string>,
): readonly MappedColumn[] {
  return columns.flatMap((column): MappedColumn[] => {
    const isOrigin = /(source|orig|parent|raw|thumb)/.test(normaliseName(column.name));
    if (taken.has(column.name) || isOrigin || !areMediaNames(column)) return [];
    const found = roleExpression('path', column);
    if (found === null) return [];
    const name = JSON.stringify(column.name);
    const reason = `no column is called path; the values of ${name} are names of media files`;
    return [{ ...found, role: 'path', sources: [column.name], reason }];
  });
}

function areMediaNames(column: SampledColumn): boolean {
  const texts = column.samples.filter((text) => text !== null && text !== '').map(String);
  return (
    column.type === 'VARCHAR' &&
    texts.length > 0 &&
    texts.every((text) => isMediaName(text) && !text.includes('://'))
  );
}

/** Words a value, 0 if some value looks like a path. */
function averageWords(column: SampledColumn): number {
  const texts = column.samples.filter((text) => text !== null && text !== '').map(String);
  if (texts.length === 0 || texts.some((text) => !/\s/u.test(text) && /[/\\]/.test(text))) return 0;
  const words = texts.reduce((sum, text) => sum + countWords(text), 0);
  return words / texts.length;
}

/** Runs of letters; two signs of a script without spaces count as a word. */
function countWords(text: string): number {
  const signs =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ??
    0;
  if (signs > 0) return signs / 2;
  return text.match(/\p{L}[\p{L}\p{M}'’-]*/gu)?.length ?? 0;
}

/** Values that speak against a role whose name fits. */
function isPlausible(role: CanonicalColumn, column: SampledColumn): boolean {
  const texts = column.samples.filter((text) => text !== null && text !== '').map(String);
  const name = normaliseName(column.name);
  if (role === 'content_hash' && name === 'hash')
    return texts.length > 0 && texts.every((text) => /^[0-9a-f]{16,128}$/i.test(text));
  if (role === 'source_id' && ['source', 'dataset', 'domain'].includes(name))
    return new Set(texts).size < texts.length;
  if (role === 'key' && ['name', 'video_name', 'clip_name'].includes(name))
    return new Set(texts).size === texts.length;
  if (role === 'latent_path' && ['latent', 'latents', 'npy', 'npz', 'pt', 'pth'].includes(name))
    return texts.every((text) => /[./]/.test(text));
  if (
    role === 'path' &&
    ['file', 'media', 'video', 'image', 'img', 'location', 'link', 'uri'].includes(name)
  )
    return texts.length === 0 || texts.some((text) => /[./]/.test(text));
  return true;
}

function keepColumns(
  columns: readonly SampledColumn[],
  mapped: ReadonlyMap<string, MappedColumn>,
): KeptColumn[] {
  const used = new Set<string>([...RESERVED_COLUMNS, ...Object.keys(CANONICAL_COLUMNS)]);
  return columns.map((column) => {
    let name = column.name;
    const clashes = used.has(name.toLowerCase());
    while (used.has(name.toLowerCase())) name = `user_${name}`;
    used.add(name.toLowerCase());
    if (!clashes) return { source: column.name, name, reason: 'keeps its name' };
    const role = column.name.toLowerCase();
    const why = mapped.has(role)
      ? `${role} is already another column`
      : `its ${column.type} values can't be the canonical ${role}`;
    return { source: column.name, name, reason: `called ${name} in clips: ${why}` };
  });
}

/** Columns whose every value is the name of a file of arrays, and those that hold such files as bytes. */
function findLatentColumns(
  columns: readonly SampledColumn[],
  kept: readonly KeptColumn[],
  mapped: ReadonlyMap<string, MappedColumn>,
  inside: readonly string[],
): string[] {
  const isSo = (source: string | undefined): boolean => {
    const column = columns.find((one) => one.name === source);
    if (column === undefined) return false;
    const texts = column.samples.filter((text) => text !== null && text !== '').map(String);
    const areNames = texts.length > 0 && texts.every((text) => isArrayName(text));
    return inside.includes(column.name) || (column.type === 'VARCHAR' && areNames);
  };
  const own = mapped.get('latent_path');
  return [
    ...(own !== undefined && own.sources.some(isSo) ? ['latent_path'] : []),
    ...kept.filter((each) => isSo(each.source)).map((each) => each.name),
  ];
}

function findMediaColumns(
  columns: readonly SampledColumn[],
  kept: readonly KeptColumn[],
  mapped: ReadonlyMap<string, MappedColumn>,
  said: readonly string[],
  inside: readonly string[],
): string[] {
  const own = mapped.has('path') ? ['path'] : [];
  if (inside.length > 0 && said.length === 0)
    return [
      ...own,
      ...kept.filter((each) => inside.includes(each.source)).map((each) => each.name),
    ];
  if (said.length > 0)
    return [...own, ...kept.filter((each) => said.includes(each.source)).map((each) => each.name)];
  const more = kept.filter((each) => {
    const column = columns.find((one) => one.name === each.source);
    const isNamedSo = /(path|file|image|img|video|audio|mask|depth|frame|clip|media|flow)/.test(
      normaliseName(each.source),
    );
    return column !== undefined && isNamedSo && areMediaNames(column);
  });
  return [...own, ...more.map((each) => each.name)];
}
