import type { DiffDocument } from '../src/compare/diff-document.ts';

/** The comparison as JSON text; the contract is `src/compare/diff.schema.json`. */
export function renderDiffJson(diff: DiffDocument): string {
  return `${JSON.stringify(diff, null, 2)}\n`;
}
