import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { closestWord } from '../config/did-you-mean.ts';
import { readYamlWithSchema } from '../config/schema-errors.ts';
import { DailiesError } from '../dailies-error.ts';
import type { SuppressionOutcome } from '../run/document.ts';
import type { Rule } from './rule.ts';

/** Name of the file that is read from the working directory if no other is named. */
export const SUPPRESSIONS_FILE = 'dailies-suppressions.yaml';

/** JSON Schema of that file. */
const SUPPRESSIONS_SCHEMA = fileURLToPath(new URL('./suppressions.schema.json', import.meta.url));

/** Findings of one rule that are accepted; selectors that are given must all hold. */
export type Suppression = {
  /** Place in the file, from 0. */
  readonly index: number;
  readonly rule: string;
  readonly keys: readonly string[] | null;
  readonly shard: string | null;
  readonly source: string | null;
  readonly where: string | null;
  readonly fingerprints: readonly string[] | null;
  readonly reason: string;
  readonly owner: string | null;
  readonly until: string | null;
};

/** A suppression file as read. */
export type SuppressionFile = {
  /** As shown to people. */
  readonly file: string;
  readonly path: string;
  readonly entries: readonly Suppression[];
};

/** What the schema guarantees of an entry. */
type Entry = {
  readonly rule: string;
  readonly key?: string | number | readonly (string | number)[];
  readonly shard?: string;
  readonly source?: string | number;
  readonly where?: string;
  readonly fingerprint?: string | readonly string[];
  readonly reason: string;
  readonly owner?: string;
  readonly until?: string;
};

/**
 * Reads `path`, or `dailies-suppressions.yaml` in `cwd` if it is there and no path is given; null if there is none.
 *
 * @throws {DailiesError} config, with `file:line:col` of each problem, or if a named file can't be read.
 */
export async function loadSuppressions(
  path: string | null,
  cwd: string,
): Promise<SuppressionFile | null> {
  const file = resolve(cwd, path ?? SUPPRESSIONS_FILE);
  const shownAs = path ?? SUPPRESSIONS_FILE;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isMissing && path === null) return null;
    throw new DailiesError('config', `${shownAs} cannot be read`, {
      cause,
      hint: `write one with 'dailies scan --update-suppressions'`,
    });
  }
  const hasContent = text.split('\n').some((line) => /^\s*[^\s#]/.test(line));
  const raw = hasContent
    ? await readYamlWithSchema<readonly Entry[]>(text, shownAs, SUPPRESSIONS_SCHEMA)
    : [];
  return { file: shownAs, path: file, entries: raw.map(toSuppression) };
}

function toSuppression(entry: Entry, index: number): Suppression {
  return {
    index,
    rule: entry.rule,
    keys: entry.key === undefined ? null : [entry.key].flat().map(String),
    shard: entry.shard ?? null,
    source: entry.source === undefined ? null : String(entry.source),
    where: entry.where ?? null,
    fingerprints: entry.fingerprint === undefined ? null : [entry.fingerprint].flat(),
    reason: entry.reason,
    owner: entry.owner ?? null,
    until: entry.until ?? null,
  };
}

/**
 * Holds the entries against the rules there are.
 *
 * @throws {DailiesError} config, for a rule that does not exist, or an entry that would silence a whole clip rule.
 */
export function checkSuppressions(
  file: SuppressionFile,
  rules: readonly Pick<Rule, 'id' | 'scope'>[],
): void {
  for (const entry of file.entries) {
    const rule = rules.find((each) => each.id === entry.rule);
    const place = `${file.file}, entry ${entry.index + 1}`;
    if (rule === undefined) {
      const near = closestWord(
        entry.rule,
        rules.map((each) => each.id),
      );
      throw new DailiesError('config', `${place}: no rule is called '${entry.rule}'`, {
        hint: near === null ? `list them with 'dailies rules'` : `did you mean '${near}'?`,
      });
    }
    const isWide = rule.scope === 'clip' || rule.scope === 'group';
    if (isWide && selectorOf(entry) === '') {
      throw new DailiesError('config', `${place}: selects every finding of ${entry.rule}`, {
        hint: 'name a key, shard, source or where; to silence the rule, list it under rules.ignore',
      });
    }
    if (isWide && entry.fingerprints !== null) {
      throw new DailiesError('config', `${place}: ${entry.rule} is about clips, name their keys`);
    }
  }
}

/** Whether the entry no longer holds on a day, `2026-11-22`. */
export function isExpired(entry: Suppression, today: string): boolean {
  return entry.until !== null && entry.until < today;
}

/** What each entry did, for the report. `counts`: findings taken out, by index; entries not in it were not judged. */
export function describeSuppressions(
  file: SuppressionFile,
  counts: ReadonlyMap<number, number>,
  today: string,
): readonly SuppressionOutcome[] {
  return file.entries.map((entry) => {
    const suppressed = counts.get(entry.index);
    const selector = selectorOf(entry);
    return {
      rule: entry.rule,
      selector: selector === '' ? 'all findings' : selector,
      reason: entry.reason,
      owner: entry.owner,
      until: entry.until,
      state: isExpired(entry, today)
        ? 'expired'
        : suppressed === undefined
          ? 'not-judged'
          : suppressed > 0
            ? 'used'
            : 'useless',
      suppressed: suppressed ?? 0,
      fingerprint: createHash('sha256')
        .update(`${entry.rule}\0${selector}`)
        .digest('hex')
        .slice(0, 16),
    };
  });
}

/** Keys named one by one; more are counted. */
const KEYS_SHOWN = 3;

function selectorOf(entry: Suppression): string {
  const { keys, fingerprints } = entry;
  const parts = [
    keys === null ? null : listed('key', keys),
    entry.shard === null ? null : `shard ${entry.shard}`,
    entry.source === null ? null : `source ${entry.source}`,
    entry.where === null ? null : `where ${entry.where}`,
    fingerprints === null ? null : listed('fingerprint', fingerprints),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function listed(name: string, values: readonly string[]): string {
  const shown = values.slice(0, KEYS_SHOWN).join(', ');
  const rest = values.length - KEYS_SHOWN;
  return `${name}${values.length === 1 ? '' : 's'} ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}
