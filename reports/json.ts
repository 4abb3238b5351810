import type { RunDocument } from '../src/run/document.ts';

/** The run document as text: two spaces, a line break at the end, keys in the order of the document. */
export function renderJson(run: RunDocument): string {
  return `${JSON.stringify(run, null, 2)}\n`;
}
