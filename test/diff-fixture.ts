import type { DiffDocument } from '../src/compare/diff-document.ts';
import type { RunDocument } from '../src/run/document.ts';

/** A made-up comparison in which captions moved by a row, a column went and a unit changed. */
export function buildDiffFixture(run: RunDocument): DiffDocument {
  const failed = run.rules.find((rule) => rule.outcome === 'failed');
  return {
    schemaVersion: 1,
    tool: { name: 'dailies', version: '0.1.0' },
    command: ['dailies', 'diff', 'v2', 'v3'],
    before: side('v2', 1000),
    after: side('v3', 980),
    verdict: run.verdict,
    story: ['420 captions moved by one row', 'duration_s: values times 1,000 (s became ms)'],
    schema: {
      columns: [
        {
          name: 'id',
          state: 'same',
          before: { name: 'id', type: 'VARCHAR' },
          after: { name: 'id', type: 'VARCHAR' },
        },
        { name: 'fps', state: 'dropped', before: { name: 'fps', type: 'DOUBLE' }, after: null },
        {
          name: 'w',
          state: 'retyped',
          before: { name: 'w', type: 'INTEGER' },
          after: { name: 'w', type: 'VARCHAR' },
        },
      ],
    },
    rowFlow: {
      beforeRows: 1000,
      afterRows: 980,
      unchanged: 500,
      changed: 420,
      rekeyed: 20,
      added: 40,
      removed: 60,
      returned: 5,
      returnedFrom: 'removed.txt',
      duplicateKeys: { before: 0, after: 0 },
      rowsWithoutKey: { before: 0, after: 0 },
      keySet: { before: 'a', after: 'b', removed: 'c', added: 'd', isComplete: true },
    },
    columns: [
      {
        name: 'duration_s',
        sourceBefore: 'duration_s',
        sourceAfter: 'duration_s',
        kind: 'number',
        compared: 940,
        changed: 420,
        rate: 420 / 940,
        nulled: 0,
        filled: 0,
        isAllNullNow: false,
        transitions: [],
        numbers: {
          up: 420,
          down: 0,
          medianDelta: 4200,
          factor: { factor: 1000, meaning: 'times 1,000', rows: 420, share: 1 },
        },
        substitution: null,
        swapped: null,
      },
    ],
    captions: {
      compared: 940,
      changed: 420,
      kinds: [
        { kind: 'replaced', rows: 400 },
        { kind: 'words', rows: 20 },
      ],
      wordChanges: 420,
      medianOverlap: 0.1,
      lowerCaseShare: { before: 0, after: 0 },
      moved: 400,
      offset: { rows: 1, count: 398 },
      notCompared: null,
    },
    causes: [
      {
        columns: ['caption', 'duration_s'],
        rows: 400,
        share: 0.95,
        shards: { hit: 4, of: 16, first: 's-04', last: 's-07', isRun: true, density: 1 },
      },
    ],
    drift: [
      {
        name: 'duration_s',
        kind: 'number',
        beforeValues: 1000,
        afterValues: 980,
        psi: 1.2,
        js: 0.4,
        ks: 0.4,
        wasserstein: 3,
        biggest: 'over 951: 5.0 % → 44.7 %',
        bins: [
          { label: 'up to 4', before: 0.5, after: 0.3 },
          { label: '4 – 951', before: 0.45, after: 0.25 },
          { label: 'over 951', before: 0.05, after: 0.45 },
        ],
      },
    ],
    rules: failed === undefined ? [] : [{ ...failed, scope: 'versions' }],
    findings: [],
    examples: [
      {
        state: 'changed',
        key: 'clip-1',
        keyBefore: 'clip-1',
        shard: 's-04',
        rowNumber: 3,
        captionChange: 'words',
        captionBefore: 'A red car drives along a country road.',
        captionAfter: 'A blue car drives along a wet country road.',
        values: [{ name: 'duration_s', before: '4.2', after: '4200' }],
      },
    ],
    notCompared: [{ what: 'media', reason: 'no content hash' }],
    media: {
      looked: 300,
      bytesChanged: 41,
      bytesUnknown: 2,
      pictureLooked: 298,
      pictureChanged: 1,
      largestDistance: 31,
      durationChanged: 1,
      sizeChanged: 40,
      colourChanged: 0,
      examples: [
        {
          key: 'harbour-0007',
          bytesChanged: true,
          pictureDistance: 31,
          durationChange_s: -0.52,
          sizeBefore: '640 × 360',
          sizeAfter: '360 × 640',
          isSizeChanged: true,
          colourDistance: 3,
          fileBefore: null,
          fileAfter: null,
        },
      ],
      missing: null,
    },
    baseline: null,
    ruleChanges: [
      {
        id: 'ignored-rotation',
        severity: 'error',
        before: { outcome: 'passed', affected: 0, examined: 300 },
        after: { outcome: 'failed', affected: 40, examined: 300 },
        new: 40,
        unchanged: 0,
        absent: 0,
        riseP: 1e-9,
      },
    ],
    timings: {},
  };
}

function side(version: string, rows: number): DiffDocument['before'] {
  return {
    kind: 'dataset',
    name: `harbour-clips ${version}`,
    path: `/data/harbour/${version}`,
    format: 'parquet',
    rows,
    bytes: 1_000_000 + rows,
    shards: 16,
    keySource: 'id',
    isKeyStable: true,
    runId: null,
  };
}
