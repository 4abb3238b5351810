import type { AlignmentSummary, ReportInput } from '../src/run/document.ts';

/** The report with what only some runs have: alarms of the alignment, suppressions, a self-test, a close-up, sound, a baseline. */
export function withExtras(input: ReportInput): ReportInput {
  return {
    ...input,
    run: {
      ...input.run,
      alignment: [alarm(input.run.dataset.shards[0]?.name ?? null), quiet()],
      suppressions: {
        file: 'dailies-suppressions.yaml',
        entries: [
          { ...SUPPRESSION, state: 'used', suppressed: 12, until: '2027-01-31' },
          { ...SUPPRESSION, state: 'expired', suppressed: 0, until: '2026-01-31' },
        ],
      },
      baseline: {
        runId: '2026-11-20T0900-1a2b',
        startedAt: '2026-11-20T09:00:00Z',
        dataset: 'harbour',
        new: 12,
        unchanged: 30,
        absent: 4,
        unknown: 0,
        absentFindings: [{ rule_id: 'empty-file', key: 'k-1', message: 'the file is empty' }],
      },
    },
    clips: input.clips.map((clip) =>
      clip.strip === null
        ? clip
        : {
            ...clip,
            closeUp: {
              strip: clip.strip,
              marks: clip.strip.times_s.map((_, index) => (index % 2 === 0 ? null : 'repeats')),
            },
            sound: { levels_db: [-20, -18, -120, -120, -30], window_s: 0.5 },
          },
    ),
    selftest: {
      schemaVersion: 1,
      dataset: 'harbour',
      rows: 1000,
      seed: 'dailies',
      testedRows: 500,
      testedMedia: 40,
      encodedMedia: 80,
      configuredSample: 300,
      rules: [
        {
          id: 'empty-caption',
          family: 'captions',
          severity: 'error',
          scope: 'clip',
          method: 'rows',
          faults: [{ name: 'spaces', injected: 20, found: 15 }],
          reason: null,
          trials: [
            {
              rate: 0.01,
              isDesignPoint: true,
              injected: 20,
              found: 15,
              sound: 480,
              falseAlarms: 0,
            },
          ],
          recall: 0.75,
          falseAlarmRate: 0,
          smallestRate: 0.01,
          isBelowMark: true,
        },
      ],
    },
  };
}

const SUPPRESSION = {
  rule: 'frozen-frames',
  selector: 'shard train-00007',
  reason: 'slides are meant to stand still',
  owner: 'data team',
  fingerprint: '00112233aabbccdd',
} as const;

function alarm(shard: string | null): AlignmentSummary {
  return {
    ...quiet(),
    shard,
    verdict: 'shifted',
    stretch: {
      fromRow: 40,
      toRow: 90,
      offset: 1,
      sentence: 'each caption is that of the row before',
      certainty: 'odds of 1e9 to 1',
    },
  };
}

function quiet(): AlignmentSummary {
  return {
    shard: 'train-00001.parquet',
    evidence: 'embeddings',
    verdict: 'aligned',
    reason: 'captions fit their own clips',
    pairs: 1000,
    stretch: null,
    lags: Array.from({ length: 17 }, (_, index) => ({
      offset: index - 8,
      mean: index === 9 ? 2 : 0,
      low: index === 9 ? 1.8 : -0.2,
      high: index === 9 ? 2.2 : 0.2,
    })),
    histogram: {
      offset: 1,
      start: -4,
      width: 0.5,
      own: [0, 2, 6, 2, 0],
      shifted: [0, 0, 1, 4, 5],
      unrelated: [1, 3, 5, 1, 0],
    },
  };
}
