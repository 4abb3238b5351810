import { beforeAll, describe, expect, it } from 'vitest';

import { DECLARED_FAULTS } from '../src/faults/declared-faults.ts';
import { MANIFEST_FAULTS } from '../src/faults/manifest-faults.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import type { Rule } from '../src/judge/rule.ts';
import { seededRandom } from './faults/clean-captions.ts';
import { makeCleanManifest, type ManifestRow } from './faults/clean-manifest.ts';
import { judgeManifest } from './faults/judge-manifest.ts';

/** Faults that the manifest alone gives away. */
const FAULTS = [
  ...MANIFEST_FAULTS,
  ...DECLARED_FAULTS.filter((fault) => fault.rule === 'time-unit-mismatch'),
];
const ROWS = 1_200;
/** Every how manyth row is spoiled. */
const STEP = 100;

let rules: readonly Rule[];
let clean: readonly ManifestRow[];

beforeAll(async () => {
  const wanted = new Set(FAULTS.map((fault) => fault.rule));
  rules = (await loadRules()).filter((rule) => wanted.has(rule.id));
  clean = makeCleanManifest(ROWS, 3);
});

describe('manifest rules on injected faults', () => {
  it('report nothing of a clean manifest', async () => {
    const found = await judgeManifest(rules, clean);

    expect([...found].filter(([, keys]) => keys.size > 0)).toEqual([]);
  });

  it.each(FAULTS)('$rule finds exactly: $name', async (fault) => {
    const keysFrom = (first: number): ReadonlySet<string> =>
      new Set(clean.flatMap((row, index) => (index % STEP === first ? [row.key] : [])));
    const { rows, bad } = fault.inject(clean, keysFrom(7), {
      random: seededRandom(5),
      free: keysFrom(57),
      integerColumn: 'views',
      realColumn: 'motion_score',
    });

    const found = await judgeManifest(
      rules.filter((rule) => rule.id === fault.rule),
      rows,
    );

    expect(bad.size).toBeGreaterThan(0);
    expect([...(found.get(fault.rule) ?? [])].toSorted()).toEqual([...bad].toSorted());
  });
});
