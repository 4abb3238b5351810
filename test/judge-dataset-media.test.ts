import { describe, expect, it } from 'vitest';

import { runExample } from '../src/judge/run-example.ts';
import type { Rule } from '../src/judge/rule.ts';

/** A rule of somebody's own about the whole dataset, over measured media. */
const RULE: Rule = {
  id: 'no-motion-anywhere',
  family: 'own',
  title: 'Nothing moves in any clip',
  severity: 'error',
  scope: 'dataset',
  level: 'L4',
  needs: ['frames.motion_median?'],
  options: {},
  message: 'nothing moves',
  eligible: null,
  suspects: null,
  values: {},
  where: null,
  sql: 'select 1 as still from frames having max(motion_median) < 0.1',
  why: 'A model that sees no motion learns none.',
  step: 'cutting',
  fix: 'Look at the cut step.',
  references: [],
  examples: [],
  file: 'own/no-motion-anywhere.yaml',
};

describe('a dataset rule over media', () => {
  it.each([
    { given: 'a clip that moves', frames: { motion_median: 4 }, outcome: 'passed', examined: 1 },
    {
      given: 'a decoder that crashed',
      frames: { error_code: 'decoder-crashed', error_message: 'signal 11' },
      outcome: 'incomplete',
      examined: 0,
    },
    {
      given: 'nothing but sound',
      frames: { error_code: 'no-video-track', error_message: 'audio only' },
      outcome: 'not-applicable',
      examined: 0,
    },
  ])('ends $outcome for $given', async ({ frames, outcome, examined }) => {
    const result = await runExample(RULE, {
      finds: 0,
      tables: { frames: [{ key: 'a', ...frames }] },
    });

    expect(result.outcome).toMatchObject({ outcome, examined });
  });
});
