import type { CanonicalColumn } from './canonical-columns.ts';
import { CANONICAL_COLUMNS } from './canonical-columns.ts';
import type { ColumnType } from './column-type.ts';
import { parseColumnType } from './column-type.ts';
import { ROLE_KIND, normaliseName } from './column-synonyms.ts';
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

/** A column that may take a role: its type as `describe` prints it and some of its values as text. */
export type SampledColumn = {
  readonly name: string;
  readonly type: string;
  readonly samples: readonly (string | null)[];
};

/** How a role is computed from a column: an SQL expression over `manifest`, and what was done in words. */
export type RoleExpression = {
  readonly expression: string;
  /** Null where the value is taken as it is. */
  readonly note: string | null;
  /** The cast can turn a value into null: values lost are counted. */
  readonly canLose: boolean;
};

const ISO_DURATION = String.raw`P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?`;
const CLOCK = String.raw`(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)`;
const TEXT_FIELDS = ['text', 'caption', 'value', 'sentence', 'description', 'content', 'raw'];
const PATH_FIELDS = ['path', 'file_name', 'filename', 'url', 'uri'];

/** The expression for `role` over `column`, null if its type and values can't be that role. */
export function roleExpression(
  role: CanonicalColumn,
  column: SampledColumn,
): RoleExpression | null {
  const type = parseColumnType(column.type);
  const id = quoteIdentifier(column.name);
  const kind = ROLE_KIND[role];
  if (kind === 'text') return textExpression(role, id, type, column.name);
  if (kind === 'number') return numberExpression(role, id, type, column);
  if (kind === 'time') return timeExpression(id, type, column);
  if (kind === 'any') return { expression: id, note: null, canLose: false };
  if (kind === 'blob') return blobExpression(id, type, column.name);
  if (kind === 'instant') return instantExpression(id, type, column);
  if (kind === 'shape') return shapeExpression(id, type);
  if (kind === 'actions') return actionsExpression(id, type);
  return embeddingExpression(id, type);
}

function textExpression(
  role: CanonicalColumn,
  id: string,
  type: ColumnType,
  name: string,
): RoleExpression | null {
  if (type.kind === 'text')
    return {
      expression: type.text === 'VARCHAR' ? id : `${id}::varchar`,
      note: null,
      canLose: false,
    };
  if (type.kind === 'list') {
    const element = textExpression(role, `${id}[1]`, type.element, name);
    if (element === null || (role !== 'caption' && role !== 'path')) return null;
    return {
      ...element,
      note: `the first element of each list is taken${element.note === null ? '' : `, ${element.note}`}`,
    };
  }
  if (type.kind === 'struct') {
    const wanted = role === 'caption' ? TEXT_FIELDS : role === 'path' ? PATH_FIELDS : [];
    for (const field of wanted) {
      const found = type.fields.find((each) => each.name.toLowerCase() === field);
      if (found?.type.kind === 'text')
        return {
          expression: `struct_extract(${id}, ${quoteLiteral(found.name)})`,
          note: `the field ${found.name} is taken`,
          canLose: false,
        };
    }
    return null;
  }
  if (role === 'caption' || role === 'path' || type.kind === 'json') return null;
  if (type.kind === 'number' || type.kind === 'boolean' || type.kind === 'instant')
    return { expression: `${id}::varchar`, note: `${type.text} read as text`, canLose: false };
  return null;
}

function numberExpression(
  role: CanonicalColumn,
  id: string,
  type: ColumnType,
  column: SampledColumn,
): RoleExpression | null {
  const wanted = CANONICAL_COLUMNS[role].type ?? 'DOUBLE';
  if (type.kind === 'number') {
    if (type.text === wanted) return { expression: id, note: null, canLose: false };
    return {
      expression: `try_cast(${id} as ${wanted})`,
      note: null,
      canLose: canNumberLose(type.text, wanted),
    };
  }
  if (type.kind !== 'text' || !allSamples(column, isNumber)) return null;
  return {
    expression: `try_cast(trim(${id}) as ${wanted})`,
    note: 'text read as numbers',
    canLose: true,
  };
}

/** Casts between number types that keep every value need no counting pass. */
function canNumberLose(from: string, to: string): boolean {
  if (to === 'DOUBLE') return false;
  return !/^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/.test(from);
}

const UNIT_FACTORS: readonly (readonly [RegExp, string, string])[] = [
  [
    /(^|_)(ms|msec|millis|milliseconds)$/,
    '/ 1000.0',
    'milliseconds read as seconds: divided by 1,000',
  ],
  [
    /(^|_)(us|usec|micros|microseconds)$/,
    '/ 1000000.0',
    'microseconds read as seconds: divided by 1,000,000',
  ],
  [
    /(^|_)(ns|nanos|nanoseconds)$/,
    '/ 1000000000.0',
    'nanoseconds read as seconds: divided by 1,000,000,000',
  ],
  [/(^|_)(min|mins|minutes)$/, '* 60.0', 'minutes read as seconds: multiplied by 60'],
];

function timeExpression(
  id: string,
  type: ColumnType,
  column: SampledColumn,
): RoleExpression | null {
  const unit = UNIT_FACTORS.find(([pattern]) => pattern.test(normaliseName(column.name)));
  const scaled = (expression: string): string =>
    unit === undefined ? expression : `(${expression}) ${unit[1]}`;
  const unitNote = unit === undefined ? null : unit[2];
  if (type.kind === 'number') {
    const plain = type.text === 'DOUBLE' ? id : `${id}::double`;
    return { expression: scaled(plain), note: unitNote, canLose: false };
  }
  if (type.kind !== 'text') return null;
  if (allSamples(column, isNumber))
    return {
      expression: scaled(`try_cast(trim(${id}) as double)`),
      note: unitNote ?? 'text read as numbers',
      canLose: true,
    };
  const iso = new RegExp(`^${ISO_DURATION}$`);
  if (allSamples(column, (text) => isNumber(text) || iso.test(text.trim())))
    return {
      expression: isoSeconds(id),
      note: 'ISO 8601 durations (PT00H00M07S) read as seconds',
      canLose: true,
    };
  const clock = new RegExp(`^${CLOCK}$`);
  if (allSamples(column, (text) => isNumber(text) || clock.test(text.trim())))
    return {
      expression: clockSeconds(id),
      note: 'clock times (00:01:30.5) read as seconds',
      canLose: true,
    };
  return null;
}

function isoSeconds(id: string): string {
  const part = (group: number): string =>
    `coalesce(try_cast(regexp_extract(trim(${id}), '^${ISO_DURATION}$', ${group}) as double), 0)`;
  return (
    `case when regexp_full_match(trim(${id}), '${ISO_DURATION}') and length(trim(${id})) > 2 ` +
    `then ${part(1)} * 86400 + ${part(2)} * 3600 + ${part(3)} * 60 + ${part(4)} else try_cast(trim(${id}) as double) end`
  );
}

function clockSeconds(id: string): string {
  const part = (group: number): string =>
    `coalesce(try_cast(replace(regexp_extract(trim(${id}), '^${CLOCK}$', ${group}), ',', '.') as double), 0)`;
  return (
    `case when regexp_full_match(trim(${id}), '${CLOCK}') ` +
    `then ${part(1)} * 3600 + ${part(2)} * 60 + ${part(3)} else try_cast(trim(${id}) as double) end`
  );
}

function instantExpression(
  id: string,
  type: ColumnType,
  column: SampledColumn,
): RoleExpression | null {
  if (type.kind === 'instant') {
    if (type.text === 'TIMESTAMP') return { expression: id, note: null, canLose: false };
    if (type.text === 'TIMESTAMP WITH TIME ZONE')
      return { expression: `timezone('UTC', ${id})`, note: 'read as UTC', canLose: false };
    return { expression: `try_cast(${id} as timestamp)`, note: null, canLose: true };
  }
  if (type.kind === 'text' && allSamples(column, (text) => /^\d{4}-\d\d-\d\d/.test(text.trim())))
    return {
      expression: `try_cast(trim(${id}) as timestamp)`,
      note: 'text read as UTC times',
      canLose: true,
    };
  if (type.kind !== 'number') return null;
  const numbers = column.samples.filter((text) => text !== null).map(Number);
  if (numbers.length === 0) return null;
  if (numbers.every((n) => n > 1e8 && n < 1e10))
    return {
      expression: `make_timestamp((${id}::double * 1e6)::bigint)`,
      note: 'seconds since 1970 read as UTC times',
      canLose: false,
    };
  if (numbers.every((n) => n > 1e11 && n < 1e13))
    return {
      expression: `make_timestamp((${id}::double * 1e3)::bigint)`,
      note: 'milliseconds since 1970 read as UTC times',
      canLose: false,
    };
  return null;
}

function blobExpression(id: string, type: ColumnType, name: string): RoleExpression | null {
  if (type.kind === 'blob') return { expression: id, note: null, canLose: false };
  if (type.kind === 'list') {
    const element = blobExpression(`${id}[1]`, type.element, name);
    return element === null
      ? null
      : { ...element, note: 'the first element of each list is taken' };
  }
  if (type.kind !== 'struct') return null;
  const field = type.fields.find((each) => each.type.kind === 'blob');
  if (field === undefined) return null;
  return {
    expression: `struct_extract(${id}, ${quoteLiteral(field.name)})`,
    note: `the field ${field.name} is taken`,
    canLose: false,
  };
}

function shapeExpression(id: string, type: ColumnType): RoleExpression | null {
  if (type.kind === 'list' && type.element.kind === 'number')
    return { expression: `try_cast(${id} as bigint[])`, note: null, canLose: true };
  if (type.kind !== 'text') return null;
  return {
    expression: String.raw`try_cast(nullif(regexp_extract_all(${id}, '\d+'), []) as bigint[])`,
    note: 'the numbers in the text are taken',
    canLose: true,
  };
}

function embeddingExpression(id: string, type: ColumnType): RoleExpression | null {
  if (type.kind !== 'list' || type.element.kind !== 'number') return null;
  return { expression: `${id}::float[]`, note: null, canLose: false };
}

/** The size of each step: of a number its distance from zero, of a vector its length. */
function actionsExpression(id: string, type: ColumnType): RoleExpression | null {
  if (type.kind !== 'list') return null;
  const { element } = type;
  if (element.kind === 'number')
    return {
      expression: `list_transform(${id}, step -> abs(step)::float)`,
      note: 'the distance of each step from zero is taken',
      canLose: false,
    };
  if (element.kind !== 'list' || element.element.kind !== 'number') return null;
  return {
    expression: `list_transform(${id}, step -> sqrt(list_sum(list_transform(step, each -> each::double * each)))::float)`,
    note: 'the length of each step is taken',
    canLose: false,
  };
}

/** At least one value, and every value passes. */
function allSamples(column: SampledColumn, test: (text: string) => boolean): boolean {
  const texts = column.samples.filter((text) => text !== null && text !== '');
  return texts.length > 0 && texts.every((text) => text !== null && test(text));
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}
