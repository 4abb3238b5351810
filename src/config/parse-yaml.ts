import { type Document, LineCounter, parseDocument } from 'yaml';

import { DailiesError } from '../dailies-error.ts';

/** A YAML file as read: its value, and its nodes to point at. */
export type YamlSource = {
  readonly file: string;
  readonly value: unknown;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
};

/** Configuration and rules are written by people: what is longer is something else. */
const LARGEST_YAML_BYTES = 1_000_000;

/** Aliases that one anchor may multiply into before it counts as a bomb. */
const MOST_ALIASES = 100;

/** Nesting that no configuration needs, far below what the parser's recursion can bear. */
const DEEPEST_NESTING = 100;

/**
 * Parses one YAML 1.2 document of plain data: no custom tags, no merge keys, no repeated keys, bounded size and aliases.
 *
 * @throws {DailiesError} config, with `file:line:col` of the first problem.
 */
export function parseYaml(text: string, file: string): YamlSource {
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST_YAML_BYTES) {
    throw new DailiesError(
      'config',
      `${file} has ${bytes} bytes; ${LARGEST_YAML_BYTES} is the most`,
    );
  }
  if (isNestedTooDeep(text)) {
    throw new DailiesError('config', `${file} is nested more than ${DEEPEST_NESTING} levels deep`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    schema: 'core',
    version: '1.2',
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new DailiesError('config', `${file}:${line}:${col} is not YAML: ${problem.message}`);
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { file, value, document, lines };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DailiesError('config', `${file} cannot be read: ${reason}`, { cause });
  }
}

/**
 * Whether brackets or indentation nest deeper than allowed. Counted on the text, before the parser recurses: an upper
 * bound, because brackets in strings count too, but balanced ones cancel out.
 */
function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth > DEEPEST_NESTING) return true;
  }
  // A block sequence nests with `- - - x` on one line, a block map by indentation.
  return /^ *(?:[-?:] +){101}/m.test(text) || /^ {1000}/m.test(text);
}
