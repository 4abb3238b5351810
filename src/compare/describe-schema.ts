import type { ColumnChange, SchemaChanges } from './diff-document.ts';
import type { ColumnPairs } from './pair-columns.ts';

/** What became of each column of either version. */
export function describeSchema(
  columns: ColumnPairs,
  changes: readonly ColumnChange[],
): SchemaChanges {
  const isNullNow = new Set(
    changes.filter((change) => change.isAllNullNow).map((change) => change.name),
  );
  return {
    columns: [
      ...columns.pairs.map((pair) => ({
        name: pair.name,
        state: isNullNow.has(pair.name)
          ? ('all-null' as const)
          : pair.isRetyped
            ? ('retyped' as const)
            : pair.isRenamed
              ? ('renamed' as const)
              : ('same' as const),
        before: { name: pair.before.source, type: pair.before.sourceType },
        after: { name: pair.after.source, type: pair.after.sourceType },
      })),
      ...columns.dropped.map((column) => ({
        name: column.name,
        state: 'dropped' as const,
        before: { name: column.source, type: column.sourceType },
        after: null,
      })),
      ...columns.added.map((column) => ({
        name: column.name,
        state: 'added' as const,
        before: null,
        after: { name: column.source, type: column.sourceType },
      })),
    ],
  };
}
