/** A DuckDB type as far as mapping needs it. */
export type ColumnType =
  | { readonly kind: 'list'; readonly element: ColumnType }
  | {
      readonly kind: 'struct';
      readonly fields: readonly { readonly name: string; readonly type: ColumnType }[];
    }
  | {
      readonly kind: 'number' | 'text' | 'blob' | 'boolean' | 'instant' | 'json' | 'other';
      readonly text: string;
    };

const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|REAL)$/;
const INSTANT = /^(DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE)$/;

/** Reads a type as `describe` prints it: `STRUCT("text" VARCHAR, score DOUBLE)[]`. */
export function parseColumnType(text: string): ColumnType {
  const trimmed = text.trim();
  const list = /^(.*)\[\d*\]$/s.exec(trimmed);
  if (list) return { kind: 'list', element: parseColumnType(list[1] ?? '') };
  const struct = /^STRUCT\((.*)\)$/s.exec(trimmed);
  if (struct) return { kind: 'struct', fields: splitFields(struct[1] ?? '') };
  if (NUMBER.test(trimmed)) return { kind: 'number', text: trimmed };
  if (trimmed === 'VARCHAR' || trimmed === 'UUID' || trimmed.startsWith('ENUM('))
    return { kind: 'text', text: trimmed };
  if (trimmed === 'JSON') return { kind: 'json', text: trimmed };
  if (trimmed === 'BLOB') return { kind: 'blob', text: trimmed };
  if (trimmed === 'BOOLEAN') return { kind: 'boolean', text: trimmed };
  if (INSTANT.test(trimmed)) return { kind: 'instant', text: trimmed };
  return { kind: 'other', text: trimmed };
}

function splitFields(text: string): { name: string; type: ColumnType }[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.flatMap((part) => {
    const match = /^\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)$/s.exec(part);
    if (match === null) return [];
    return [
      {
        name: match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
        type: parseColumnType(match[3] ?? ''),
      },
    ];
  });
}
