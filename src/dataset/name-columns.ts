import { RESERVED_COLUMNS } from './canonical-columns.ts';
import type { EmbeddedColumn } from './embedded/embedded-columns.ts';
import { type NamedType, SOURCE_ROW_NUMBER, SOURCE_SHARD_ID } from './source.ts';

/** Of the manifest: a column of bytes is text there, and `shown` is its type in the shards. */
export type Renamed = NamedType & {
  readonly source: string;
  readonly shown?: string;
  readonly reason?: string;
};

/** Whether a column holds media, or features, as bytes. */
export function isEmbeddedIn(
  column: Renamed,
  embedded: readonly EmbeddedColumn[],
  kind: EmbeddedColumn['kind'],
): boolean {
  return embedded.some((each) => each.source === column.source && each.kind === kind);
}

/** The user's columns, with those renamed that the four columns of dailies would hide. */
export function nameColumns(
  columns: readonly NamedType[],
  embedded: readonly EmbeddedColumn[],
): Renamed[] {
  const used = new Set<string>([...RESERVED_COLUMNS, SOURCE_SHARD_ID, SOURCE_ROW_NUMBER]);
  const own = new Set(columns.map((column) => column.name.toLowerCase()));
  return columns.map((column) => {
    let name = column.name;
    while (used.has(name.toLowerCase()) || (name !== column.name && own.has(name.toLowerCase())))
      name = `user_${name}`;
    used.add(name.toLowerCase());
    const inside = embedded.find((each) => each.source === column.name);
    if (inside === undefined) return { name, type: column.type, source: column.name };
    const what = inside.kind === 'medium' ? 'media' : 'features';
    const reason = `holds ${what} as bytes, which are read of drawn clips alone${inside.isList ? ', the first of each list' : ''}; shard, column and row stand in for them`;
    return { name, type: 'VARCHAR', shown: column.type, source: column.name, reason };
  });
}
