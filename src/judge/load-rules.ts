import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PACKAGE_ROOT } from '../package-root.ts';
import { DailiesError } from '../dailies-error.ts';
import { readYamlWithSchema } from '../config/schema-errors.ts';
import type { Rule, RuleExample, RuleOption, RuleLevel, RuleScope, Severity } from './rule.ts';

/** The rules that come with dailies. */
const BUILT_IN_RULES = join(PACKAGE_ROOT, 'rules');

const RULE_SCHEMA = fileURLToPath(new URL('./rule.schema.json', import.meta.url));

/** What the schema guarantees of a rule file. */
type RuleFile = {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly scope: RuleScope;
  readonly level: RuleLevel;
  readonly needs: readonly string[];
  readonly options?: Readonly<Record<string, RuleOption>>;
  readonly message: string;
  readonly eligible?: string;
  readonly suspects?: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly where?: string;
  readonly sql?: string;
  readonly why: string;
  readonly step: string;
  readonly fix: string;
  readonly references?: readonly string[];
  readonly examples: readonly Readonly<Record<string, unknown>>[];
};

/**
 * Loads every `*.yaml` below the folders, in order of id. A user's rule replaces a built-in one of the same id.
 * Throws a `config` error that names file, line and column of the first problem.
 */
export async function loadRules(folders: readonly string[] = []): Promise<readonly Rule[]> {
  const rules = new Map<string, Rule>();
  for (const folder of [BUILT_IN_RULES, ...folders]) {
    const inFolder = new Map<string, string>();
    for (const file of await yamlFiles(folder)) {
      const rule = await (folder === BUILT_IN_RULES ? rememberRule(file) : loadRule(file, folder));
      const earlier = inFolder.get(rule.id);
      if (earlier !== undefined) {
        throw new DailiesError('config', `${file}: the rule ${rule.id} is also in ${earlier}`);
      }
      inFolder.set(rule.id, file);
      rules.set(rule.id, rule);
    }
  }
  return [...rules.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Files of the package do not change while a process runs, and checking them all takes half a second. */
const remembered = new Map<string, Promise<Rule>>();

async function rememberRule(file: string): Promise<Rule> {
  const known = remembered.get(file) ?? loadRule(file, BUILT_IN_RULES);
  remembered.set(file, known);
  return known;
}

async function yamlFiles(folder: string): Promise<readonly string[]> {
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    throw new DailiesError('config', `${folder}: cannot read the rules folder`, {
      cause,
      hint: 'give a folder of YAML rule files to --rules',
    });
  }
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

async function loadRule(file: string, root: string): Promise<Rule> {
  const text = await readFile(file, 'utf8');
  const raw = await readYamlWithSchema<RuleFile>(text, file, RULE_SCHEMA);
  const name = basename(file).replace(/\.ya?ml$/, '');
  if (raw.id !== name) {
    throw new DailiesError('config', `${file}: the id ${raw.id} must equal the file name ${name}`);
  }
  for (const [option, spec] of Object.entries(raw.options ?? {})) {
    const problem = optionProblem(spec, spec.default);
    if (problem !== null) {
      throw new DailiesError('config', `${file}: option ${option}: the default ${problem}`);
    }
  }
  return {
    id: raw.id,
    family: basename(dirname(file)),
    title: raw.title,
    severity: raw.severity,
    scope: raw.scope,
    level: raw.level,
    needs: raw.needs,
    options: raw.options ?? {},
    message: raw.message,
    eligible: raw.eligible ?? null,
    suspects: raw.suspects ?? null,
    values: raw.values ?? {},
    where: raw.where ?? null,
    sql: raw.sql ?? null,
    why: raw.why,
    step: raw.step,
    fix: raw.fix,
    references: raw.references ?? [],
    examples: raw.examples.map(readExample),
    file: relative(root, file),
  };
}

function readExample(raw: Readonly<Record<string, unknown>>): RuleExample {
  const tables: Record<string, readonly Readonly<Record<string, unknown>>[]> = {};
  for (const [name, rows] of Object.entries(raw)) {
    if (['finds', 'note', 'options'].includes(name) || !Array.isArray(rows)) continue;
    tables[name] = rows.filter((row) => typeof row === 'object' && row !== null);
  }
  const finds = raw['finds'];
  return {
    ...(typeof raw['note'] === 'string' ? { note: raw['note'] } : {}),
    ...(isOptionValues(raw['options']) ? { options: raw['options'] } : {}),
    finds: Array.isArray(finds) ? finds.map(String) : Number(finds),
    tables,
  };
}

function isOptionValues(value: unknown): value is Record<string, string | number | boolean> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why a value does not fit an option, or null if it does. */
export function optionProblem(option: RuleOption, value: unknown): string | null {
  const fits = {
    number: typeof value === 'number' && Number.isFinite(value),
    integer: Number.isInteger(value),
    string: typeof value === 'string',
    boolean: typeof value === 'boolean',
    array:
      Array.isArray(value) && value.every((each) => ['string', 'number'].includes(typeof each)),
  }[option.type];
  if (!fits) return `must be of type ${option.type}, got ${JSON.stringify(value)}`;
  if (typeof value === 'number') {
    if (option.minimum !== undefined && value < option.minimum)
      return `must be at least ${option.minimum}`;
    if (option.maximum !== undefined && value > option.maximum)
      return `must be at most ${option.maximum}`;
  }
  if (option.enum !== undefined && !option.enum.some((each) => each === value)) {
    return `must be one of ${option.enum.join(', ')}`;
  }
  return null;
}
