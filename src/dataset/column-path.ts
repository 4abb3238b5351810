import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

const STEP = /\[(\d+)\]|\.(?:"((?:[^"]|"")*)"|([^.[\]"]+))/y;

/**
 * The SQL for a path into a nested column: `captions[0].text`, list positions 0-based.
 * Null if the path does not begin with the name of a column or has other characters between its steps.
 */
export function columnPathExpression(
  path: string,
  columns: readonly { readonly name: string }[],
): { readonly expression: string; readonly source: string } | null {
  const column = columns
    .filter(
      (each) =>
        path === each.name || path.startsWith(`${each.name}.`) || path.startsWith(`${each.name}[`),
    )
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  if (column === undefined) return null;
  let expression = quoteIdentifier(column.name);
  STEP.lastIndex = column.name.length;
  while (STEP.lastIndex < path.length) {
    const step = STEP.exec(path);
    if (step === null) return null;
    expression =
      step[1] === undefined
        ? `struct_extract(${expression}, ${quoteLiteral(step[2]?.replaceAll('""', '"') ?? step[3] ?? '')})`
        : `list_extract(${expression}, ${Number(step[1]) + 1})`;
  }
  return { expression, source: column.name };
}
