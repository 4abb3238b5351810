import { beforeAll, describe, expect, it } from 'vitest';

import { loadRules } from '../src/judge/load-rules.ts';
import type { Rule } from '../src/judge/rule.ts';
import { makeCleanManifest, type ManifestRow } from './faults/clean-manifest.ts';
import { judgeManifest } from './faults/judge-manifest.ts';
import { MANIFEST_FAULTS } from './faults/manifest.ts';

const ROWS = 1_200;
/** Every how manyth row is spoiled. */
const STEP = 100;

let rules: readonly Rule[];
let clean: readonly ManifestRow[];

beforeAll(async () => {
  const wanted = new Set(MANIFEST_FAULTS.map((fault) => fault.rule));
  rules = (await loadRules()).filter((rule) => wanted.has(rule.id));
  clean = makeCleanManifest(ROWS, 3);
});

describe('manifest rules on injected faults', () => {
  it('report nothing of a clean manifest', async () => {
    const found = await judgeManifest(rules, clean);

    expect([...found].filter(([, keys]) => keys.size > 0)).toEqual([]);
  });

  it.each(MANIFEST_FAULTS)('$rule finds exactly: $name', async (fault) => {
    const at = new Set(Array.from({ length: ROWS / STEP }, (_, index) => index * STEP + 7));
    const { rows, bad } = fault.inject(clean, at);

    const found = await judgeManifest(
      rules.filter((rule) => rule.id === fault.rule),
      rows,
    );

    expect(bad.size).toBeGreaterThan(0);
    expect([...(found.get(fault.rule) ?? [])].toSorted()).toEqual([...bad].toSorted());
  });
});
