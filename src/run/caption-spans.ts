import { type Database, textOf } from '../engine/database.ts';
import type { Finding, RuleOutcome } from './document.ts';

/** Patterns that a rule looks for in captions, as it writes them. */
export type CaptionPatterns = ReadonlyMap<string, readonly string[]>;

/** Longer matches mark most of a caption and say nothing. */
const LONGEST_SPAN = 200;

/** The patterns of rules about captions, read out of their own SQL, so that they stand in one place alone. */
export function findCaptionPatterns(rules: readonly RuleOutcome[]): CaptionPatterns {
  return new Map(
    rules
      .filter((rule) => rule.outcome === 'failed' && rule.family === 'captions')
      .map((rule) => [
        rule.id,
        [
          ...rule.sql.matchAll(/regexp_matches\(([^']*?\bcaption\b[^']*?),\s*'((?:[^']|'')*)'\)/gs),
        ].map(([, , pattern = '']) => pattern.replaceAll("''", "'")),
      ]),
  );
}

/** The first words of a caption that the rule of a finding matched, by rule; DuckDB matches, as it did in the rule. */
export async function findCaptionSpans(
  database: Database,
  caption: string | null,
  findings: readonly Finding[],
  patterns: CaptionPatterns,
): Promise<Readonly<Record<string, string>>> {
  const spans: Record<string, string> = {};
  if (caption === null) return spans;
  for (const { rule_id } of findings)
    for (const pattern of patterns.get(rule_id) ?? []) {
      if (spans[rule_id] !== undefined) continue;
      const row = await database
        .row('select regexp_extract($caption, $pattern, 0) as span', { caption, pattern })
        .catch(() => null);
      const span = row === null || row['span'] === null ? '' : textOf(row['span']).trim();
      // A lone letter is where a pattern began, not what is wrong.
      if (!/^\w?$/.test(span) && span.length <= LONGEST_SPAN) spans[rule_id] = span;
    }
  return spans;
}
