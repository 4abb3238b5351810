import type { CohortTrial } from './cohorts.ts';
import type { SoundWay } from './sound-scenes.ts';
import type { StillWay } from './still-scenes.ts';

type Cohort<Way extends string> = Omit<CohortTrial<Way>, 'rule' | 'trials'>;
type Cohorts<Way extends string = string> = Readonly<Record<string, readonly Cohort<Way>[]>>;

/** By shard, and by source. */
function both<Way extends string>(cohort: Omit<Cohort<Way>, 'bySource'>): readonly Cohort<Way>[] {
  return [false, true].map((bySource) => ({ ...cohort, bySource }));
}

/** Rules about a shard or source of pictures: one picture proves nothing. */
export const PICTURE_COHORTS: Cohorts = {
  'swapped-channels': both({
    ways: [
      { way: 'red-for-blue', kind: 'design' },
      { way: 'as-recorded', kind: 'lookalike' },
      { way: 'blue-hour', kind: 'lookalike' },
    ],
    scenesPerShard: 50,
    shards: 4,
  }),
  'stretched-frames': both({
    ways: [
      // A third narrower needs some 75 scenes.
      { way: '4-3-to-1-1', kind: 'weak' },
      { way: '16-9-to-1-1', kind: 'design' },
      { way: 'as-recorded', kind: 'lookalike' },
      { way: 'cropped-to-1-1', kind: 'lookalike' },
    ],
    scenesPerShard: 50,
    shards: 4,
  }),
};

/** The same of clips that are one photograph each. */
export const STILL_COHORTS: Cohorts<StillWay> = {
  'compressed-range': both({
    ways: [
      { way: 'squeezed-twice', kind: 'design' },
      { way: 'as-recorded', kind: 'lookalike' },
      { way: 'full-range-with-its-tag', kind: 'lookalike' },
      { way: 'hazy', kind: 'lookalike' },
    ],
    scenesPerShard: 20,
    shards: 4,
  }),
};

const SOUND_SIZE = { scenesPerShard: 12, shards: 4 } as const;

const sounds = (ways: Cohort<SoundWay>['ways']): readonly Cohort<SoundWay>[] =>
  both({ ways, ...SOUND_SIZE });

/** The same of clips with sound. */
export const SOUND_COHORTS: Cohorts<SoundWay> = {
  'silent-audio': sounds([
    { way: 'scaled-twice', kind: 'design' },
    { way: 'a-fifth-of-the-volume', kind: 'weak' },
    { way: 'as-recorded', kind: 'lookalike' },
    { way: 'quieter-by-6-db', kind: 'lookalike' },
  ]),
  'inverted-audio-phase': sounds([
    { way: 'right-inverted', kind: 'design' },
    { way: 'as-recorded', kind: 'lookalike' },
    { way: 'left-for-right', kind: 'lookalike' },
  ]),
  'missing-audio': [
    {
      ...SOUND_SIZE,
      ways: [
        { way: 'no-sound-track', kind: 'design' },
        { way: 'as-recorded', kind: 'lookalike' },
      ],
      bySource: false,
    },
    // A source may have no sound by nature.
    { ...SOUND_SIZE, ways: [{ way: 'no-sound-track', kind: 'lookalike' }], bySource: true },
  ],
  'audio-video-gap': sounds([
    { way: 'late-by-0.2-s', kind: 'design' },
    { way: 'as-recorded', kind: 'lookalike' },
    { way: 'late-by-0.03-s', kind: 'lookalike' },
  ]),
};
