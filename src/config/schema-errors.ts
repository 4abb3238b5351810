import { readFile } from 'node:fs/promises';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isMap, isNode, isPair, isScalar } from 'yaml';

import { DailiesError } from '../dailies-error.ts';
import { didYouMean } from './did-you-mean.ts';
import { parseYaml, type YamlSource } from './parse-yaml.ts';

/** Problems shown at once; the rest is counted. */
const MOST_SHOWN = 10;

const validators = new Map<string, Promise<ValidateFunction>>();

/**
 * Parses a YAML text and checks it against the JSON Schema (draft 2020-12) in `schemaFile`.
 * T is what that schema guarantees.
 *
 * @throws {DailiesError} config, one line `file:line:col /path what is wrong` for each problem.
 */
export async function readYamlWithSchema<T>(
  text: string,
  file: string,
  schemaFile: string,
): Promise<T> {
  const source = parseYaml(text, file);
  checkAgainstSchema(await loadSchema(schemaFile), source);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: the schema was just applied
  return source.value as T;
}

/** Compiles the schema in a file, strictly and once for each process. */
async function loadSchema(schemaFile: string): Promise<ValidateFunction> {
  const known = validators.get(schemaFile);
  if (known !== undefined) return known;
  const compiled = readFile(schemaFile, 'utf8').then((text) => compileSchema(JSON.parse(text)));
  validators.set(schemaFile, compiled);
  return compiled;
}

/** A validator that reports all errors with the values they are about. Throws for a schema with unknown keywords. */
export function compileSchema(schema: object): ValidateFunction {
  return new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    strictRequired: false,
    strictTypes: true,
    strictTuples: true,
    allowUnionTypes: true,
  }).compile(schema);
}

/** Throws a `config` DailiesError that lists the problems of a document, if it has any. */
export function checkAgainstSchema(validate: ValidateFunction, source: YamlSource): void {
  if (validate(source.value)) return;
  const problems = describeSchemaErrors(validate.errors ?? [], source);
  const shown = problems.slice(0, MOST_SHOWN);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  throw new DailiesError('config', shown.join('\n'));
}

/** Rewrites ajv's errors for people, in the order of the file: `file:line:col /path must be …; did you mean …?` */
function describeSchemaErrors(
  errors: readonly ErrorObject[],
  source: YamlSource,
): readonly string[] {
  const located = prune(errors).map((error) => ({
    offset: offsetOf(error, source),
    text: `${error.instancePath === '' ? '/' : error.instancePath} ${sentence(error)}`,
  }));
  const lines = located
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, text }) => {
      const { line, col } = source.lines.linePos(offset);
      return printable(`${source.file}:${Math.max(1, line)}:${Math.max(1, col)} ${text}`);
    });
  return [...new Set(lines)];
}

/** Leaves of failed alternatives say what was nearly right; the summary of ajv about them says nothing, and inversely. */
function prune(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  let kept = errors.filter(({ keyword }) => !['if', 'propertyNames'].includes(keyword));
  for (const choice of errors) {
    if (choice.keyword !== 'oneOf' && choice.keyword !== 'anyOf') continue;
    const isBranch = (error: ErrorObject): boolean =>
      error.schemaPath.startsWith(`${choice.schemaPath}/`);
    const branches = errors.filter(isBranch);
    const isRightType = branches.filter(
      (error) =>
        !branches.some((other) => isSameBranch(error, other, choice) && isTypeError(other, choice)),
    );
    const tellsMore =
      isRightType.length > 0 && !isRightType.every(({ keyword }) => keyword === 'required');
    kept = kept.filter((error) => (tellsMore ? error !== choice : true));
    kept = kept.filter((error) => !isBranch(error) || (tellsMore && isRightType.includes(error)));
  }
  return kept;
}

function isSameBranch(a: ErrorObject, b: ErrorObject, choice: ErrorObject): boolean {
  const branch = (error: ErrorObject): string | undefined =>
    error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0];
  return branch(a) === branch(b);
}

function isTypeError(error: ErrorObject, choice: ErrorObject): boolean {
  return error.keyword === 'type' && error.instancePath === choice.instancePath;
}

function sentence(error: ErrorObject): string {
  const params: Readonly<Record<string, unknown>> = error.params;
  const schema = isRecord(error.parentSchema) ? error.parentSchema : {};
  if (error.propertyName !== undefined) {
    return `has a key '${error.propertyName}' that ${error.message ?? 'is not allowed'}`;
  }
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      const known = isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
      return `has an unknown key '${name}'${didYouMean(name, known)}`;
    }
    case 'required':
      return `lacks the key '${String(params['missingProperty'])}'`;
    case 'enum': {
      const allowed = Array.isArray(params['allowedValues'])
        ? params['allowedValues'].map(String)
        : [];
      const given = String(error.data);
      return `must be ${listOf(allowed)}, not ${short(error.data)}${didYouMean(given, allowed)}`;
    }
    case 'const':
      return `must be ${short(params['allowedValue'])}, not ${short(error.data)}`;
    case 'type':
      return `must be ${listOf([params['type']].flat().map(String).map(typeName))}, not ${short(error.data)}`;
    case 'pattern':
      return `must match ${String(params['pattern'])}, not ${short(error.data)}`;
    case 'oneOf':
    case 'anyOf':
      return choiceSentence(error);
    default:
      return `${error.message ?? `breaks '${error.keyword}'`}${isRecord(error.data) ? '' : `, not ${short(error.data)}`}`;
  }
}

function choiceSentence(error: ErrorObject): string {
  const branches: readonly unknown[] = Array.isArray(error.schema) ? error.schema : [];
  const required = branches.flatMap((each) => (isRecord(each) ? each['required'] : undefined));
  if (required.length > 0 && required.every((name) => typeof name === 'string')) {
    return `must have exactly one of the keys ${listOf(required)}`;
  }
  const types = branches.flatMap((each) => (isRecord(each) ? each['type'] : undefined));
  if (types.length > 0 && types.every((name) => typeof name === 'string')) {
    return `must be ${listOf(types.map(typeName))}, not ${short(error.data)}`;
  }
  return `fits none, or more than one, of its ${branches.length} allowed forms`;
}

/** Where in the text the error lies: at the offending key if it is about a key, else at the value. */
function offsetOf(error: ErrorObject, source: YamlSource): number {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const params: Readonly<Record<string, unknown>> = error.params;
  const key = error.propertyName ?? params['additionalProperty'] ?? params['unevaluatedProperty'];
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = source.document.getIn(path.slice(0, depth), true);
    if (depth === path.length && typeof key === 'string' && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (isPair(pair) && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function listOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'null',
};

function typeName(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

function short(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a map';
  const text = typeof value === 'string' ? `'${value}'` : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Control characters and bidirectional overrides spelled out: the text may come from a stranger's file. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
