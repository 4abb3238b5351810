import { describe, expect, it } from 'vitest';

import { normal, uniform } from '../bench/alignment/simulate-pairs.ts';
import { measureActionLags } from '../src/analyses/action-lags.ts';
import { Database, numberOf, type SqlRow } from '../src/engine/database.ts';

const FRAMES = 60;

/** Clips whose frames move `lag` frames after their actions, through noise. */
async function lagsOf(
  lag: number,
  plan: { readonly clips?: number; readonly noise?: number; readonly steps?: number } = {},
): Promise<readonly SqlRow[]> {
  const { clips = 20, noise = 1, steps = FRAMES - 1 } = plan;
  const draw = uniform(11);
  const gauss = normal(12);
  const rows = Array.from({ length: clips }, (_, clip) => {
    // An action lasts a few frames.
    let held = 0;
    const actions = Array.from({ length: FRAMES - 1 }, () => {
      if (draw() < 0.25) held = 2 * draw();
      return held;
    });
    const difference = Array.from({ length: FRAMES }, (_unused, t) =>
      t === 0 ? null : Math.abs(1 + (actions[t - 1 - lag] ?? 0) + noise * 0.4 * gauss()),
    );
    const logged = Array.from({ length: steps }, (_unused, at) =>
      Math.abs(actions[Math.floor((at * (FRAMES - 1)) / steps)] ?? 0),
    );
    return { clip_id: clip, shard: 'part-0', actions: logged, difference };
  });
  const database = await Database.open();
  try {
    await database.run(
      `create table given as select unnest(from_json($rows::json, '[{"clip_id": "bigint", "shard": "varchar", "actions": ["float"], "difference": ["double"]}]'), recursive := true)`,
      { rows: JSON.stringify(rows) },
    );
    await database.run('create table sampled_clips as select clip_id, shard, actions from given');
    await database.run(
      `create table frames as select clip_id, 'path' as medium, difference from given`,
    );
    await measureActionLags(database, true);
    return await database.rows('select * from action_lags');
  } finally {
    database.close();
  }
}

describe('actions and the motion of frames', () => {
  it.each([0, 1, -2, 5])('are found %i frames apart', async (lag) => {
    const [row] = await lagsOf(lag);
    expect(row).toMatchObject({ shard: 'part-0', clips: 20n, lag, reason: null });
    expect(numberOf(row?.['p'])).toBeLessThanOrEqual(lag === 0 ? 1 : 0.01);
    expect(numberOf(row?.['p']) < 0.01).toBe(lag !== 0);
  });

  it('are compared where actions were logged at another rate', async () => {
    const [row] = await lagsOf(3, { steps: 2 * (FRAMES - 1) });
    expect(row).toMatchObject({ lag: 3, reason: null });
  });

  it('say nothing where they have nothing to do with each other, or in a handful of clips', async () => {
    const [noise] = await lagsOf(3, { noise: 1e4 });
    expect(noise?.['reason']).toMatch(/nothing to do with each other/);
    const [few] = await lagsOf(3, { clips: 5 });
    expect(few?.['reason']).toMatch(/^5 clips .* too few/);
  });
});
