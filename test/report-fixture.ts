import { createHash } from 'node:crypto';
import type { Severity } from '../src/judge/rule.ts';
import type {
  ClipCard,
  Finding,
  Localisation,
  ReportInput,
  RuleOutcome,
  RunDocument,
  ShardSummary,
} from '../src/run/document.ts';
import { type Defect, drawStrip } from './report-scenes.ts';

const SHARDS = 512;
const ROWS_PER_SHARD = 2352;
const SAMPLE = 3000;

/** A made-up audit of 1.2 million harbour clips with the usual bugs, pictures drawn by hand. */
export async function buildReportFixture(): Promise<ReportInput> {
  const faults = FAULTS.map((fault) => ({ fault, hits: spreadHits(fault) }));
  const findings: Finding[] = [];
  const clips: ClipCard[] = [];
  for (const { fault, hits } of faults) {
    for (const [index, hit] of hits.entries()) {
      const finding = findingOf(fault, hit.shard, hit.row, index);
      findings.push(finding);
      if (index < fault.cards) clips.push(await cardOf(fault, finding, index));
    }
  }
  const run = runDocument(faults.map(({ fault, hits }) => outcomeOf(fault, hits)));
  return {
    run,
    findings,
    clips,
    leftOut: [
      `${(findings.length - clips.length).toLocaleString('en-US')} findings have no picture: the budget of 8 MB was spent`,
    ],
  };
}

/** The same run with very many findings of row rules, seeded. */
export function buildLargeReportFixture(base: ReportInput, count: number): ReportInput {
  const random = seeded(7);
  const large = base.run.rules.filter((rule) => rule.outcome === 'failed').slice(0, 4);
  const findings: Finding[] = Array.from({ length: count }, (_, index) => {
    const rule = large[index % Math.max(1, large.length)];
    const shard = Math.floor(random() * SHARDS);
    const row = Math.floor(random() * ROWS_PER_SHARD);
    const declared_s = Math.round(random() * 9000) / 1000 + 1;
    const measured_s = Math.round(declared_s * 800 * random()) / 1000;
    const key = youtubeLikeKey(random);
    return {
      rule_id: rule?.id ?? 'duration-mismatch',
      severity: rule?.severity ?? 'error',
      key,
      shard: shardName(shard),
      row_number: row,
      message: `declared ${declared_s} s, the video track lasts ${measured_s} s (${Math.round((measured_s / declared_s) * 100)} %)`,
      values: { duration_s: declared_s, video_duration_s: measured_s },
      fingerprint: createHash('sha256').update(`${index}`).digest('hex').slice(0, 16),
    };
  });
  const rules = base.run.rules.map((rule) =>
    large.includes(rule)
      ? { ...rule, affected: Math.ceil(count / large.length), examined: SHARDS * ROWS_PER_SHARD }
      : rule,
  );
  return { ...base, run: { ...base.run, rules }, findings, clips: [] };
}

type Fault = {
  readonly id: string;
  readonly family: string;
  readonly title: string;
  readonly severity: Severity;
  readonly isSampled: boolean;
  readonly where: readonly number[] | 'scattered';
  readonly affected: number;
  readonly defect: Defect;
  readonly cards: number;
  readonly message: (index: number) => string;
  readonly values: (index: number) => Readonly<Record<string, unknown>>;
  readonly declared: readonly ClipCard['values'][number][];
  readonly caption: (index: number) => string;
  readonly why: string;
  readonly step: string;
  readonly fix: string;
  readonly sql: string;
  readonly place: string;
  readonly slices: Localisation['slices'];
};

const CAPTIONS = [
  'A small sailing boat with white sails crosses the harbour from left to right while the low sun lights the hills behind it.',
  'A red car drives along a country road past green hills; the camera does not move.',
  'An orange ball bounces across a lawn towards a small house with a brown roof.',
  'Windows of office towers light up one after another at night as cars pass on the street below.',
  'A skier in a blue suit descends a broad snowy slope below two rocky peaks.',
] as const;

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

const plainCaption = (index: number): string => CAPTIONS[index % CAPTIONS.length] ?? CAPTIONS[0];

const FAULTS: readonly Fault[] = [
  {
    id: 'ignored-rotation',
    family: 'geometry',
    title: 'The rotation in the header is not applied',
    severity: 'error',
    isSampled: true,
    where: range(112, 144),
    affected: 176,
    defect: 'sideways',
    cards: 6,
    message: () => 'the header says 90°, the frames were stored as 1920x1080 without it',
    values: () => ({ width_px: 1920, height_px: 1080, rotation_deg: 90 }),
    declared: [
      { name: 'width_px', declared: '1920', measured: '1080' },
      { name: 'height_px', declared: '1080', measured: '1920' },
      { name: 'rotation_deg', declared: null, measured: '90' },
      { name: 'duration_s', declared: '8.0', measured: '8.008' },
      { name: 'fps', declared: '29.97', measured: '29.97' },
    ],
    caption: plainCaption,
    why: 'Phones store portrait video as landscape frames with a rotation in the header. A decoder that ignores it trains the model on people lying on walls.',
    step: 'decode or re-encode, where the reader returned raw frames and the display matrix was dropped',
    fix: 'Decode with autorotate, or apply rotation_deg before resizing; re-cut the listed shards.',
    sql: 'select c.key, c.width_px, c.height_px, m.rotation_deg\nfrom clips c\njoin containers m using (clip_id)\nwhere m.rotation_deg in (90, 270)\n  and c.width_px = m.coded_width_px\n  and c.height_px = m.coded_height_px',
    place: '32 of 512 shards, all neighbours (train-00112 to train-00143), hold 100 % of the hits',
    slices: [
      {
        dimension: 'source',
        value: 'phone-uploads-2026-03',
        affected: 176,
        examined: 181,
        lift: 16.6,
        share: 1,
      },
      {
        dimension: 'date',
        value: '2026-03-14',
        affected: 171,
        examined: 176,
        lift: 16.5,
        share: 0.97,
      },
      {
        dimension: 'captioner',
        value: 'vlm-7b',
        affected: 94,
        examined: 1580,
        lift: 1.0,
        share: 0.53,
      },
    ],
  },
  {
    id: 'duplicate-frames',
    family: 'timing',
    title: 'Every fifth frame is a copy of the one before',
    severity: 'warning',
    isSampled: true,
    where: range(240, 400),
    affected: 643,
    defect: 'duplicated',
    cards: 5,
    message: () => 'every 5th frame repeats (phase statistic 0.06): 24 fps converted to 30',
    values: () => ({ duplicate_period: 5, duplicate_score: 0.06, fps: 30 }),
    declared: [
      { name: 'fps', declared: '30', measured: '30' },
      { name: 'duplicate_period', declared: null, measured: '5' },
      { name: 'frame_count', declared: '240', measured: '240' },
    ],
    caption: plainCaption,
    why: 'A model that learns motion learns to stop every fifth frame.',
    step: 'frame-rate conversion by repeating frames',
    fix: 'Cut from the 24 fps original, or drop the copies and set fps to 24.',
    sql: 'select key, duplicate_period, duplicate_score\nfrom frames\nwhere duplicate_score < $score_max',
    place: '160 of 512 shards, all neighbours, hold 96 % of the hits',
    slices: [
      {
        dimension: 'source',
        value: 'film-archive',
        affected: 617,
        examined: 640,
        lift: 4.5,
        share: 0.96,
      },
      { dimension: 'split', value: 'train', affected: 640, examined: 2950, lift: 1.0, share: 0.99 },
    ],
  },
  {
    id: 'truncated-file',
    family: 'files',
    title: 'Files that end before their index says',
    severity: 'error',
    isSampled: true,
    where: 'scattered',
    affected: 21,
    defect: 'truncated',
    cards: 4,
    message: (index) =>
      `${(412_331 + index * 9173).toLocaleString('en-US')} bytes are missing at the end`,
    values: (index) => ({ missing_bytes: 412_331 + index * 9173, size_bytes: 1_240_112 }),
    declared: [
      { name: 'duration_s', declared: '8.0', measured: '4.9' },
      { name: 'size_bytes', declared: '1652443', measured: '1240112' },
    ],
    caption: plainCaption,
    why: 'Decoders fill the missing part with grey or repeat the last frame, and rarely fail.',
    step: 'download or copy, cut off and not retried',
    fix: 'Fetch the listed keys again and compare sizes.',
    sql: 'select key, missing_bytes, size_bytes\nfrom containers\nwhere missing_bytes > 0',
    place: 'scattered over 20 of 512 shards, as chance would have it',
    slices: [],
  },
  {
    id: 'refusal-caption',
    family: 'captions',
    title: 'Captions in which the captioner refused',
    severity: 'error',
    isSampled: false,
    where: range(398, 410),
    affected: 1840,
    defect: 'none',
    cards: 5,
    message: () => 'the captioner refused: “I’m sorry, but I can’t help”',
    values: () => ({ phrase: 'I’m sorry, but I can’t help with describing this video' }),
    declared: [{ name: 'captioner', declared: 'vlm-7b@2026-03', measured: null }],
    caption: () =>
      'I’m sorry, but I can’t help with describing this video. If you have another video, I would be happy to describe it for you.',
    why: 'The text says nothing about the clip, and the model learns to answer prompts with refusals.',
    step: 'captioning, without a filter on the answers',
    fix: 'Caption the listed keys again; reject answers that match before writing.',
    sql: "select key, regexp_extract(caption, $pattern) as phrase\nfrom clips\nwhere regexp_matches(caption, $pattern, 'i')",
    place: '12 of 512 shards, all neighbours, hold 99 % of the hits',
    slices: [
      {
        dimension: 'captioner',
        value: 'vlm-7b@2026-03',
        affected: 1840,
        examined: 28_220,
        lift: 42.7,
        share: 1,
      },
    ],
  },
  {
    id: 'frozen-frames',
    family: 'timing',
    title: 'The picture stands still for a second or more',
    severity: 'warning',
    isSampled: true,
    where: 'scattered',
    affected: 48,
    defect: 'frozen',
    cards: 4,
    message: () => 'no change from 3.1 s to 8.0 s, motion before',
    values: () => ({ freeze_longest_s: 4.9, freeze_start_s: 3.1, motion_median: 5.2 }),
    declared: [
      { name: 'duration_s', declared: '8.0', measured: '8.0' },
      { name: 'freeze_longest_s', declared: null, measured: '4.9' },
    ],
    caption: plainCaption,
    why: 'The caption goes on, the video does not.',
    step: 'clip cut past the end of the source, or a stalled capture',
    fix: 'Cut the clip at freeze_start_s.',
    sql: 'select key, freeze_longest_s, freeze_start_s\nfrom frames\nwhere freeze_longest_s >= $seconds_min',
    place: 'scattered over 46 of 512 shards',
    slices: [],
  },
  {
    id: 'mojibake-caption',
    family: 'captions',
    title: 'Captions decoded with the wrong character set',
    severity: 'warning',
    isSampled: false,
    where: range(40, 44),
    affected: 612,
    defect: 'none',
    cards: 3,
    message: () => 'UTF-8 read as Latin-1: “cafÃ©”',
    values: () => ({ phrase: 'cafÃ©' }),
    declared: [],
    caption: () => 'A waiter carries two cups across the terrace of a cafÃ© by the water.',
    why: 'Broken letters become tokens of their own.',
    step: 'reading a text file without naming its encoding',
    fix: 'Decode as UTF-8; repair with latin-1 → bytes → utf-8.',
    sql: 'select key, regexp_extract(caption, $pattern) as phrase\nfrom clips\nwhere regexp_matches(caption, $pattern)',
    place: '4 of 512 shards, all neighbours, hold 100 % of the hits',
    slices: [
      {
        dimension: 'source',
        value: 'travel-blogs-fr',
        affected: 612,
        examined: 9400,
        lift: 128.1,
        share: 1,
      },
    ],
  },
  {
    id: 'letterboxed-frames',
    family: 'geometry',
    title: 'Black bars are part of the picture',
    severity: 'warning',
    isSampled: true,
    where: 'scattered',
    affected: 96,
    defect: 'letterboxed',
    cards: 3,
    message: () => 'bars of 13 % at the top and 13 % at the bottom',
    values: () => ({ bar_top: 0.13, bar_bottom: 0.13 }),
    declared: [
      { name: 'bar_top', declared: null, measured: '0.13' },
      { name: 'bar_bottom', declared: null, measured: '0.13' },
    ],
    caption: plainCaption,
    why: 'The model learns to draw the bars.',
    step: 'cropping, left out before resizing',
    fix: 'Crop to the inner picture.',
    sql: 'select key, bar_top, bar_bottom\nfrom frames\nwhere bar_top + bar_bottom > $share_max',
    place: 'scattered over 88 of 512 shards',
    slices: [],
  },
  {
    id: 'web-noise-caption',
    family: 'captions',
    title: 'Captions with web noise in them',
    severity: 'note',
    isSampled: false,
    where: 'scattered',
    affected: 905,
    defect: 'none',
    cards: 2,
    message: () => 'web noise: “Photo by”',
    values: () => ({ phrase: 'Photo by' }),
    declared: [],
    caption: () => 'Sunset over the old port. Photo by A. Sailor, all rights reserved.',
    why: 'Boilerplate of web pages is not a description.',
    step: 'scraping of alt texts',
    fix: 'Strip the pattern.',
    sql: 'select key, phrase from clips',
    place: 'scattered over 421 of 512 shards',
    slices: [],
  },
];

const PASSED = [
  ['empty-caption', 'Captions with no text', false],
  ['placeholder-caption', 'Captions that are a placeholder', false],
  ['looping-caption', 'Captions that repeat themselves', false],
  ['duplicate-key', 'Keys used twice', false],
  ['missing-file', 'Files that are not there', true],
  ['empty-file', 'Files of no bytes', true],
  ['duration-mismatch', 'Durations that do not match the video', true],
  ['fps-mismatch', 'Frame rates that do not match the video', true],
  ['resolution-mismatch', 'Sizes that do not match the video', true],
  ['ignored-sample-aspect-ratio', 'Pixels taken for square that are not', true],
  ['black-frames', 'Black at the start or the end', true],
  ['still-video', 'Videos of one picture', true],
] as const;

function outcomeOf(fault: Fault, hits: readonly { readonly shard: number }[]): RuleOutcome {
  const examined = fault.isSampled ? SAMPLE : SHARDS * ROWS_PER_SHARD;
  const rate = fault.affected / examined;
  const margin = 1.96 * Math.sqrt((rate * (1 - rate)) / examined);
  const counts = new Map<number, number>();
  for (const hit of hits) counts.set(hit.shard, (counts.get(hit.shard) ?? 0) + 1);
  const scale = fault.affected / Math.max(1, hits.length);
  return {
    id: fault.id,
    family: fault.family,
    title: fault.title,
    severity: fault.severity,
    scope: 'clip',
    level: fault.isSampled ? 'L1' : 'L0',
    outcome: 'failed',
    reason: null,
    eligible: SHARDS * ROWS_PER_SHARD,
    examined,
    affected: fault.affected,
    rate,
    interval: fault.isSampled
      ? { low: Math.max(0, rate - margin), high: rate + margin, confidence: 0.95 }
      : { low: rate, high: rate, confidence: 0.95 },
    isSampled: fault.isSampled,
    localisation: {
      pattern: fault.where === 'scattered' ? 'scattered' : 'clustered',
      statistic:
        fault.where === 'scattered'
          ? 'chi-square 488 over 512 shards, p = 0.76'
          : 'chi-square 2,731 over 512 shards, p < 1e-9; longest run 32',
      sentence: fault.place,
      shards: range(0, SHARDS).map((shard) => ({
        shard,
        affected: Math.round((counts.get(shard) ?? 0) * scale),
        examined: Math.max(
          Math.ceil((counts.get(shard) ?? 0) * scale * 1.04),
          Math.round(examined / SHARDS),
        ),
      })),
      slices: fault.slices,
      first:
        hits[0] === undefined
          ? null
          : { shard: shardName(hits[0].shard), rowNumber: 0, key: 'clip-00263425' },
    },
    needs: ['clips.width_px', 'containers.rotation_deg'],
    options: { tolerance_px: 2 },
    sql: fault.sql,
    why: fault.why,
    step: fault.step,
    fix: fault.fix,
    references: ['https://trac.ffmpeg.org/wiki/FilteringGuide'],
    storedFindings: hits.length,
  };
}

function otherOutcome(
  id: string,
  title: string,
  outcome: RuleOutcome['outcome'],
  isSampled: boolean,
  reason: string | null,
): RuleOutcome {
  const examined = outcome === 'not-applicable' ? 0 : isSampled ? SAMPLE : SHARDS * ROWS_PER_SHARD;
  return {
    id,
    family: 'captions',
    title,
    severity: 'error',
    scope: 'clip',
    level: isSampled ? 'L1' : 'L0',
    outcome,
    reason,
    eligible: SHARDS * ROWS_PER_SHARD,
    examined,
    affected: 0,
    rate: examined > 0 ? 0 : null,
    interval: examined > 0 ? { low: 0, high: isSampled ? 0.00099 : 0, confidence: 0.95 } : null,
    isSampled,
    localisation: null,
    needs: [],
    options: {},
    sql: 'select key from clips where false',
    why: 'Why.',
    step: 'Step.',
    fix: 'Fix.',
    references: [],
    storedFindings: 0,
  };
}

function runDocument(failed: readonly RuleOutcome[]): RunDocument {
  const rules = [
    ...failed,
    otherOutcome(
      'decode-errors',
      'Files that decode with errors',
      'incomplete',
      true,
      '7 of 3,000 clips: the decoder crashed',
    ),
    ...PASSED.map(([id, title, isSampled]) => otherOutcome(id, title, 'passed', isSampled, null)),
    otherOutcome(
      'source-leak',
      'Sources in more than one split',
      'not-applicable',
      false,
      'clips.source_id: no such column',
    ),
    otherOutcome(
      'shifted-captions',
      'Captions moved by some rows',
      'not-applicable',
      true,
      'no embeddings, and no model was given',
    ),
  ];
  const count = (severity: Severity): number =>
    failed.filter((rule) => rule.severity === severity).length;
  return {
    schemaVersion: 1,
    tool: {
      name: 'dailies',
      version: '0.1.0',
      node: '20.20.2',
      duckdb: '1.5.6',
      decoder: 'node-av 6.1.1',
    },
    run: {
      id: '2026-11-22T0900-4f1c',
      state: 'complete',
      startedAt: '2026-11-22T09:00:00Z',
      command: [
        'dailies',
        'scan',
        's3-mirror/harbour-clips/*.parquet',
        '--media-root',
        '/data/harbour',
        '--sample',
        '3000',
      ],
      seed: 'dailies',
    },
    dataset: {
      name: 'harbour-clips v3',
      paths: ['s3-mirror/harbour-clips/*.parquet'],
      format: 'Parquet',
      rows: SHARDS * ROWS_PER_SHARD,
      bytes: 1_834_112_004,
      mediaRoot: '/data/harbour',
      shards: range(0, SHARDS).map((index): ShardSummary => {
        const isUnread = index === 301;
        return {
          index,
          name: shardName(index),
          rows: isUnread ? 0 : ROWS_PER_SHARD,
          bytes: 3_582_250,
          state: isUnread ? 'unread' : 'read',
          error: isUnread ? 'no magic bytes at the end: not a Parquet file' : null,
        };
      }),
      columns: [
        { name: 'id', type: 'VARCHAR', role: 'key', reason: 'unique, named id' },
        {
          name: 'video',
          type: 'VARCHAR',
          role: 'path',
          reason: 'ends in .mp4 in 1,000 of 1,000 rows',
        },
        { name: 'text', type: 'VARCHAR', role: 'caption', reason: 'long text, named text' },
        { name: 'w', type: 'INTEGER', role: 'width_px', reason: 'named w, 240–3840' },
        { name: 'aesthetic', type: 'DOUBLE', role: null, reason: 'no known meaning' },
      ],
    },
    plan: {
      sample: {
        asked: '3000',
        population: SHARDS * ROWS_PER_SHARD,
        size: SAMPLE,
        promise: 'A defect not seen in it is rarer than 0.1 % (95 %).',
      },
      tier: 'frames',
      rules: rules.length,
    },
    verdict: {
      outcome: 'failed',
      sentence:
        'About 6 % of the clips lie on their side, all in 32 neighbouring shards; 7 more rules failed.',
      failOn: 'error',
      exitCode: 1,
      failed: { error: count('error'), warning: count('warning'), note: count('note') },
      outcomes: {
        failed: failed.length,
        passed: PASSED.length,
        'not-applicable': 2,
        incomplete: 1,
        errored: 0,
      },
    },
    rules,
    notLookedAt: [
      {
        what: 'clips outside the sample, by rules that open media',
        count: SHARDS * ROWS_PER_SHARD - SAMPLE,
        reason: 'sampled by md5 of seed and key: --sample 3000',
      },
      {
        what: 'rows of 1 unread shard',
        count: ROWS_PER_SHARD,
        reason: 'train-00301.parquet: no magic bytes at the end',
      },
      {
        what: 'clips the decoder could not open',
        count: 7,
        reason: 'decoder-crashed 4, decoder-timeout 3; decode-errors is incomplete',
      },
      {
        what: 'not-applicable: shifted-captions, source-leak',
        count: 2,
        reason: 'source-leak: no source_id column; shifted-captions: no embeddings',
      },
    ],
    probes: [
      {
        table: 'containers',
        planned: SAMPLE,
        ok: 2996,
        bad: 4,
        unreachable: 0,
        cached: 0,
        bytesRead: 112_331_000,
      },
      {
        table: 'frames',
        planned: SAMPLE,
        ok: 2993,
        bad: 7,
        unreachable: 0,
        cached: 0,
        bytesRead: 4_112_331_000,
      },
    ],
    timings: { open: 1.2, probe: 341.8, judge: 6.4, render: 1.1 },
  };
}

function spreadHits(fault: Fault): readonly { readonly shard: number; readonly row: number }[] {
  const random = seeded(fault.id.length * 7919 + fault.affected);
  const stored = Math.min(fault.affected, 400);
  return Array.from({ length: stored }, (_, index) => {
    const isInside = fault.where !== 'scattered' && index % 25 !== 24;
    const shard =
      fault.where !== 'scattered' && (isInside || fault.id !== 'duplicate-frames')
        ? (fault.where[Math.floor(random() * fault.where.length)] ?? 0)
        : Math.floor(random() * SHARDS);
    return { shard, row: Math.floor(random() * ROWS_PER_SHARD) };
  }).toSorted((a, b) => a.shard - b.shard || a.row - b.row);
}

function findingOf(fault: Fault, shard: number, row: number, index: number): Finding {
  const key = `clip-${String(shard * ROWS_PER_SHARD + row).padStart(8, '0')}`;
  return {
    rule_id: fault.id,
    severity: fault.severity,
    key,
    shard: shardName(shard),
    row_number: row,
    message: fault.message(index),
    values: fault.values(index),
    fingerprint: createHash('sha256').update(`${fault.id}\n${key}`).digest('hex').slice(0, 16),
  };
}

async function cardOf(fault: Fault, finding: Finding, index: number): Promise<ClipCard> {
  const scene = index + fault.id.length;
  return {
    key: finding.key ?? '',
    shard: finding.shard ?? '',
    rowNumber: finding.row_number ?? 0,
    path: `${(finding.shard ?? '').replace('.parquet', '')}/${finding.key ?? ''}.mp4`,
    caption: fault.caption(scene),
    values: fault.declared,
    ...(await drawStrip(scene, fault.defect, 8)),
  };
}

function shardName(index: number): string {
  return `train-${String(index).padStart(5, '0')}.parquet`;
}

function youtubeLikeKey(random: () => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return Array.from({ length: 11 }, () => letters[Math.floor(random() * letters.length)]).join('');
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
