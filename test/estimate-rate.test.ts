import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Database } from '../src/engine/database.ts';
import { estimateRate } from '../src/judge/estimate-rate.ts';

/** Clips 0 to `to` - 1 were examined; those under `bad` broke the rule. */
function said(to: number, bad: number): string {
  return `(select i as clip_id, i < ${bad} as hit from range(${to}) as r (i))`;
}

describe('the rate of a rule over sampled clips', () => {
  let database: Database;

  beforeEach(async () => {
    database = await Database.open({
      memoryLimit: '200MB',
    });
    await database.run('create temp table sample (clip_id bigint, stratum varchar, weight double)');
    await database.run(
      'create temp table looked_at (clip_id bigint, tier varchar, is_suspicious boolean, is_looked_at boolean)',
    );
  });

  afterEach(() => database.close());

  it('weighs suspicious clips by their share of the draw', async () => {
    await database.run(`insert into sample select i, '', 10 from range(100) as r (i)`);
    // 10 of 100 are suspicious and all looked at; of the rest, 18 of 90. All 5 hits are suspicious ones.
    await database.run(
      `insert into looked_at select i, 'frames', i < 10, i < 28 from range(100) as r (i)`,
    );

    const { rate, interval, rows } = await estimateRate(database, said(28, 5), 'frames');

    expect(rows).toBe(1000);
    expect(rate).toBeCloseTo(0.05);
    expect(interval?.low).toBeLessThan(0.05);
    expect(interval?.high).toBeGreaterThan(0.05);
  });

  it('weighs clips of small strata, which are drawn more often, by the rows they stand for', async () => {
    await database.run(`insert into sample select i, 'small', 1 from range(30) as r (i)`);
    await database.run(`insert into sample select 30 + i, 'large', 30 from range(30) as r (i)`);

    // Every clip of the small stratum is bad: 30 of 930 rows, not half of them.
    expect((await estimateRate(database, said(60, 30), 'frames')).rate).toBeCloseTo(30 / 930);
  });

  it('leaves out what was looked at for another reason, and clips whose header was not read', async () => {
    await database.run(`insert into sample select i, '', 1 from range(100) as r (i)`);
    // Fifty headers were read; twenty of these clips were drawn for the tier. Ten more have evidence all the same.
    await database.run(
      `insert into looked_at select i, 'frames', false, i >= 10 and i < 30 from range(50) as r (i)`,
    );

    const { rate, rows } = await estimateRate(database, said(30, 10), 'frames');

    expect(rate).toBe(0);
    expect(rows).toBe(100);
  });

  it('is that of all clips for a tier that looked at all', async () => {
    await database.run(`insert into sample select i, '', 1 from range(100) as r (i)`);
    await database.run(`insert into looked_at values (0, 'frames', false, false)`);

    expect(await estimateRate(database, said(100, 7), 'packets')).toMatchObject({
      rows: 100,
      rate: 0.07,
      interval: { low: 0.07, high: 0.07 },
    });
  });
});
