/** A row of a manifest as its file states it. */
export type GateRow = Readonly<Record<string, unknown>>;

/** A published dataset with known defects, and how its owners, or whoever reads on, mend them. */
export type GateCase = {
  readonly name: string;
  /** Manifest, relative to the folder of datasets. */
  readonly manifest: string;
  /** What is known to be wrong with it, from its owners or from looking at it. */
  readonly defect: string;
  /** Flags beside the defaults. */
  readonly flags: readonly string[];
  /** Column that a new defect empties; null: a row is repeated instead. */
  readonly captionColumn: string | null;
  readonly keyColumn: string;
  readonly mend: (rows: readonly GateRow[]) => readonly GateRow[];
};

const text = (row: GateRow, column: string): string => {
  const value = row[column];
  return typeof value === 'string' ? value : '';
};

const without =
  (column: string, keys: readonly string[]): GateCase['mend'] =>
  (rows) =>
    rows.filter((row) => !keys.includes(text(row, column)));

/** Sets of which only the defects named are mended; everything else stays as published. */
export const GATE_CASES: readonly GateCase[] = [
  {
    name: 'dynamicrafter-gifs',
    manifest: 'manifest.jsonl',
    defect: 'an empty caption cell',
    flags: [],
    captionColumn: 'caption',
    keyColumn: 'key',
    mend: without('key', ['lighthouse']),
  },
  {
    name: 'datajuicer-video',
    manifest: 'manifest.jsonl',
    defect: 'special tokens in captions, empty captions, files twice',
    flags: ['--tier', 'packets'],
    captionColumn: 'caption',
    keyColumn: 'key',
    mend: (rows) =>
      without('key', ['video6', 'video8'])(rows)
        .map((row) => ({
          ...row,
          caption: text(row, 'caption')
            .replaceAll(/<[^>]*>|'\}$/g, '')
            .trim(),
        }))
        .filter((row) => row.caption !== ''),
  },
  {
    name: 'mdm-motion',
    manifest: 'manifest.jsonl',
    defect: 'one caption on nine clips, another on eight',
    flags: ['--tier', 'packets'],
    captionColumn: 'caption',
    keyColumn: 'key',
    mend: (rows) =>
      rows.filter(
        (row, index) => rows.findIndex((each) => each['caption'] === row['caption']) === index,
      ),
  },
  {
    name: 'motiondirector-gifs',
    manifest: 'manifest.jsonl',
    defect: 'settings of the generator left in the captions',
    flags: ['--tier', 'packets'],
    captionColumn: 'caption',
    keyColumn: 'key',
    mend: (rows) =>
      rows.map((row) => ({
        ...row,
        caption: text(row, 'caption').replace(/["”]?\s*seed: ?\d+.*$/, ''),
      })),
  },
  {
    name: 'intel-sample-videos',
    manifest: 'manifest.jsonl',
    defect: 'a clip with held frames, one with a silent track',
    flags: ['--fail-on', 'warning'],
    captionColumn: 'caption',
    keyColumn: 'key',
    mend: without('key', ['one-by-one-person-detection', 'car-detection']),
  },
  {
    name: 'tech-media',
    manifest: 'manifest.jsonl',
    defect: 'empty, cut off, turned, squeezed and pictureless files',
    // The set has no captions at all.
    flags: ['--tier', 'packets', '--ignore', 'empty-caption'],
    captionColumn: null,
    keyColumn: 'key',
    mend: without('key', [
      'moviepy/result.webm',
      'mediabunny/annex-b.mp4',
      'mediabunny/sar_2x1.mp4',
      'auto-editor/SAR-2by3.mp4',
      'format-corpus/xdcam-hd-1080i60.mov',
      'mmaction2/demo.mp4',
      'mmaction2/part_0.mp4',
      'mmaction2/part_1.mp4',
      'mmaction2/test.mp4',
      'mediabunny/rotate-buck-bunny.mp4',
      'decord/video_90.mov',
      'decord/video_180.mov',
      'decord/video_270.mov',
      'ExoPlayer/dolbyVision-hdr.MOV',
      'ExoPlayer/h265_with_metadata_track.mp4',
      'ExoPlayer/sample_with_color_info.mp4',
      'mediabunny/ac3.mkv',
      'mediabunny/ac3.mp4',
      'mediabunny/eac3.mkv',
      'mediabunny/eac3.mp4',
      'mediabunny/multiple-aac-tracks.mp4',
      'ExoPlayer/full_blocks.mkv',
    ]),
  },
  {
    name: 'coco2014-captions',
    manifest: 'captions_source.tsv',
    defect: 'two captions that say the writer could not see the picture',
    flags: ['--tier', 'manifest'],
    captionColumn: 'caption',
    keyColumn: 'id',
    mend: (rows) => rows.filter((row) => !/unable to see/.test(text(row, 'caption'))),
  },
  {
    name: 'imagetext-parquet',
    manifest: 'laion-test_10000.parquet',
    defect: 'a picture listed twice',
    flags: ['--tier', 'manifest'],
    captionColumn: null,
    keyColumn: 'URL',
    mend: (rows) => {
      const seen = new Set<unknown>();
      return rows.filter((row) => !seen.has(row['URL']) && seen.add(row['URL']).size > 0);
    },
  },
];

/** Two published versions, the newer compared with the older; mended: the newer without what went wrong. */
export type PairCase = {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly defect: string;
  readonly keyColumn: string;
  readonly flags: readonly string[];
  readonly mend: (after: readonly GateRow[], before: readonly GateRow[]) => readonly GateRow[];
};

export const PAIR_CASES: readonly PairCase[] = [
  {
    name: 'audiocaps-v1-v2',
    before: 'v1/test.csv',
    after: 'v2/test.csv',
    defect: 'all captions lower-cased, and nothing said',
    keyColumn: 'audiocap_id',
    flags: ['--fail-on', 'warning'],
    // Real edits stay; what differs in case alone is as it was.
    mend: (after, before) => {
      const captions = new Map(
        before.map((row) => [String(row['audiocap_id']), text(row, 'caption')]),
      );
      return after.map((row) => {
        const was = captions.get(String(row['audiocap_id'])) ?? '';
        return was.toLowerCase() === text(row, 'caption') ? { ...row, caption: was } : row;
      });
    },
  },
];
