import { Document, isSeq, parseDocument, YAMLSeq } from 'yaml';

import { DailiesError } from '../dailies-error.ts';
import type { Finding, RuleOutcome, SuppressionOutcome } from '../run/document.ts';

/** Keys of one rule that a file names one by one; more are a policy, not a list of exceptions. */
export const MOST_KEYS = 5_000;

/** Size up to which a suppression file is read. */
const LARGEST_BYTES = 1_000_000;

/** The file with its entries added, and the rules that were left out because too many clips fail them. */
type Updated = {
  readonly text: string;
  readonly added: number;
  readonly leftOut: readonly string[];
};

/**
 * Adds an entry per failed rule that names every key it found (fingerprints where there are no keys). Comments and
 * entries that are there stay.
 *
 * @throws {DailiesError} config, if the file would be larger than one that is read.
 */
export function addSuppressions(
  text: string,
  found: { readonly rules: readonly RuleOutcome[]; readonly findings: readonly Finding[] },
  entry: { readonly reason: string; readonly owner: string | null },
): Updated {
  const { document, list } = openList(text);
  const leftOut: string[] = [];
  let added = 0;
  for (const rule of found.rules) {
    if (rule.outcome !== 'failed') continue;
    const own = found.findings.filter((finding) => finding.rule_id === rule.id);
    const isAboutClips = rule.scope === 'clip' || rule.scope === 'group';
    const isWhole = !isAboutClips || rule.storedFindings >= rule.affected;
    const values = isAboutClips
      ? own.flatMap((finding) => finding.key ?? [])
      : own.map((finding) => finding.fingerprint);
    const names = [...new Set(values)].toSorted();
    if (!isWhole || names.length === 0 || names.length > MOST_KEYS) {
      leftOut.push(rule.id);
      continue;
    }
    const [only = ''] = names;
    const selected = names.length === 1 ? only : names;
    list.add(
      document.createNode({
        rule: rule.id,
        ...(isAboutClips ? { key: selected } : { fingerprint: selected }),
        reason: entry.reason,
        ...(entry.owner === null ? {} : { owner: entry.owner }),
      }),
    );
    added += 1;
  }
  const written = String(document);
  if (Buffer.byteLength(written) > LARGEST_BYTES) {
    throw new DailiesError('config', 'the suppression file would be larger than 1 MB', {
      hint: 'set budgets for these rules in dailies.yaml in place of naming every key',
    });
  }
  return { text: written, added, leftOut };
}

/** Takes expired and useless entries out; comments of the others stay. `outcomes` are in the order of the file. */
export function pruneSuppressions(
  text: string,
  outcomes: readonly SuppressionOutcome[],
): { readonly text: string; readonly removed: number } {
  const { document, list } = openList(text);
  let removed = 0;
  for (let index = outcomes.length - 1; index >= 0; index -= 1) {
    const state = outcomes[index]?.state;
    if (state === 'expired' || state === 'useless') {
      list.delete(index);
      removed += 1;
    }
  }
  return { text: String(document), removed };
}

/** A document whose root is a list; text without entries becomes an empty one that keeps its comments. */
function openList(text: string): { readonly document: Document; readonly list: YAMLSeq } {
  const parsed = parseDocument(text, { schema: 'core', version: '1.2', stringKeys: true });
  const document = new Document();
  const list = new YAMLSeq();
  document.contents = list;
  document.commentBefore = parsed.commentBefore ?? parsed.comment;
  if (isSeq(parsed.contents)) {
    list.items.push(...parsed.contents.items);
    list.commentBefore = parsed.contents.commentBefore ?? null;
    list.comment = parsed.contents.comment ?? null;
  }
  return { document, list };
}
