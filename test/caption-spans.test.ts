import { describe, expect, it } from 'vitest';

import { Database } from '../src/engine/database.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { findCaptionPatterns, findCaptionSpans } from '../src/run/caption-spans.ts';
import type { Finding, RuleOutcome } from '../src/run/document.ts';
import { buildReportFixture } from './report-fixture.ts';

/** The outcome of a shipped rule that failed. */
async function failed(id: string): Promise<RuleOutcome> {
  const rule = (await loadRules([])).find((each) => each.id === id);
  const [outcome] = (await buildReportFixture()).run.rules;
  if (rule === undefined || outcome === undefined) throw new Error(`no rule ${id}`);
  return {
    ...outcome,
    id,
    family: 'captions',
    outcome: 'failed',
    sql: 'where' in rule ? String(rule.where) : '',
  };
}

const finding = (rule_id: string): Finding => ({
  rule_id,
  severity: 'error',
  key: 'a',
  shard: 's',
  row_number: 0,
  message: '',
  values: {},
  fingerprint: '0',
});

describe('words that a rule matched in a caption', () => {
  it.each([
    ['prompt-leak-caption', 'A bicycle on Mars." seed: 5532778', '" seed: 5'],
    ['html-in-caption', 'Una Aventura &#8211; DVDRIP', '&#8211;'],
    ['prompt-leak-caption', 'A dog runs.', undefined],
  ])('are found by its own patterns: %s', async (rule, caption, span) => {
    const database = await Database.open({
      memoryLimit: '200MB',
    });
    try {
      const patterns = findCaptionPatterns([await failed(rule)]);
      expect(patterns.get(rule)?.length).toBeGreaterThan(0);
      const spans = await findCaptionSpans(database, caption, [finding(rule)], patterns);
      expect(spans[rule]).toBe(span);
    } finally {
      database.close();
    }
  });
});
