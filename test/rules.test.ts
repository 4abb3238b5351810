import { describe, expect, it } from 'vitest';

import { loadRules } from '../src/judge/load-rules.ts';
import { runExample } from '../src/judge/run-example.ts';

const rules = await loadRules();

describe.each(rules.map((rule) => ({ id: rule.id, rule })))('rule $id', ({ rule }) => {
  it.each(
    rule.examples.map((example, index) => ({
      name: example.note ?? `example ${index + 1}`,
      example,
    })),
  )('finds what it must and no more: $name', async ({ example }) => {
    const { outcome, findings } = await runExample(rule, example);

    expect(outcome.outcome, outcome.reason ?? '').not.toBe('errored');
    const found = findings.map((finding) => finding.key ?? '').toSorted((a, b) => (a < b ? -1 : 1));
    const wanted = example.finds;
    expect(typeof wanted === 'number' ? found.length : found).toEqual(
      typeof wanted === 'number' ? wanted : wanted.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  it('has an example that fires and a look-alike that stays silent', () => {
    const fires = rule.examples.filter(
      (example) =>
        example.finds !== 0 && (typeof example.finds === 'number' || example.finds.length > 0),
    );
    const staysSilent = rule.examples.some((example) => {
      const rows = Object.values(example.tables).flat().length;
      const found = typeof example.finds === 'number' ? example.finds : example.finds.length;
      return found === 0 || found < rows;
    });

    expect(fires.length).toBeGreaterThan(0);
    expect(staysSilent).toBe(true);
  });
});
