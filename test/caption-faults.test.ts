import { beforeAll, describe, expect, it } from 'vitest';

import { loadRules } from '../src/judge/load-rules.ts';
import type { Rule } from '../src/judge/rule.ts';
import type { CaptionFault } from '../src/faults/caption-fault.ts';
import { CAPTION_FAULTS } from '../src/faults/captions.ts';
import { seededRandom, writeCleanCaption } from './faults/clean-captions.ts';
import { type FaultRow, judgeCaptions } from './faults/judge-captions.ts';

const ROWS = 1_500;
const COPIES = 40;
const SHARDS = 6;

const ROW_FAULTS = CAPTION_FAULTS.filter((fault) => fault.kind !== 'group');
const GROUP_FAULTS = CAPTION_FAULTS.filter(
  (fault) => fault.kind === 'group' && fault.rule !== 'boilerplate-captions',
);
const SET_FAULTS = CAPTION_FAULTS.filter((fault) => fault.rule === 'boilerplate-captions');

let rules: readonly Rule[];
let clean: readonly FaultRow[];

beforeAll(async () => {
  rules = (await loadRules()).filter((rule) => rule.family === 'captions');
  const random = seededRandom(7);
  clean = Array.from({ length: ROWS }, (_, index) => ({
    key: `clean/${index}`,
    caption: writeCleanCaption(random),
    duration_s: 60,
    shard: index % SHARDS,
  }));
});

describe('caption rules on injected faults', () => {
  let found: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    const random = seededRandom(11);
    const faulty = ROW_FAULTS.flatMap((fault) =>
      Array.from({ length: COPIES }, (_, index) => {
        const caption = writeCleanCaption(random);
        const row = fault.inject({ caption, duration_s: 60 }, random);
        return { ...row, key: `${fault.name}/${index}`, shard: index % SHARDS };
      }),
    );
    found = await judgeCaptions(
      rules.filter((rule) => rule.where !== null),
      [...clean, ...faulty],
    );
  }, 60_000);

  it.each(ROW_FAULTS)('$rule finds $name', ({ name, rule, kind }) => {
    const hits = (found.get(rule) ?? []).filter((key) => key.startsWith(`${name}/`)).length;

    expect(hits / COPIES).toBeGreaterThanOrEqual(kind === 'exact' ? 1 : 0.98);
  });

  it('raises no alarm on healthy captions in many scripts', () => {
    const alarms = [...found].flatMap(([rule, keys]) =>
      keys.filter((key) => key.startsWith('clean/')).map((key) => `${rule} ${key}`),
    );

    expect(alarms).toEqual([]);
  });
});

/** The clean rows with a fault in those that `isHit` names; their keys begin with `bad/`. */
function spoil(fault: CaptionFault, isHit: (index: number) => boolean): readonly FaultRow[] {
  const random = seededRandom(13);
  return clean.map((row, index) =>
    isHit(index) ? { ...row, ...fault.inject(row, random), key: `bad/${index}` } : row,
  );
}

describe.each(GROUP_FAULTS)('$rule', (fault) => {
  it(`finds ${fault.name} in a part of the set and leaves the rest alone`, async () => {
    const rows = spoil(fault, (index) =>
      fault.rule === 'collapsed-captions' ? index % SHARDS === 2 : index % 10 === 0,
    );
    const selected = rules.filter((rule) => rule.id === fault.rule);

    const before = await judgeCaptions(selected, clean);
    const after = await judgeCaptions(selected, rows);

    const keys = after.get(fault.rule) ?? [];
    const bad = rows.filter((row) => row.key.startsWith('bad/')).length;
    expect(before.get(fault.rule)).toEqual([]);
    expect(keys.filter((key) => key.startsWith('bad/')).length / bad).toBeGreaterThanOrEqual(0.98);
    expect(keys.filter((key) => key.startsWith('clean/'))).toEqual([]);
  }, 60_000);
});

describe.each(SET_FAULTS)('$rule', (fault) => {
  it(`reports ${fault.name} once for the whole set`, async () => {
    const selected = rules.filter((rule) => rule.id === fault.rule);

    const before = await judgeCaptions(selected, clean);
    const after = await judgeCaptions(
      selected,
      spoil(fault, (index) => index % 2 === 0),
    );

    expect(before.get(fault.rule)).toEqual([]);
    expect(after.get(fault.rule)).toHaveLength(1);
  }, 60_000);
});
