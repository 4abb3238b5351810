import { PICTURE_FAULTS } from '../../src/media/faults/picture-faults.ts';
import { TIMING_FAULTS } from '../../src/media/faults/timing-faults.ts';
import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import type { FaultVariant } from '../../src/media/faults/fault-variant.ts';
import { GESTURES, MOTIONS } from './sources.ts';

/** What the manifest says of a clip or image; facts that are left out are read from the file. */
export type Declared = {
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly duration?: number;
  readonly num_frames?: number;
  readonly created_at?: string;
};

/** One row before it is written: the file, how it is made, and what is wrong with it on purpose. */
export type Row = {
  readonly key: string;
  /** Relative to the example. */
  readonly path: string;
  readonly caption: string | null;
  readonly source_id: string;
  readonly split: 'train' | 'val' | 'test';
  readonly captioner: string;
  /** File of the folder of sources. */
  readonly from: string;
  /** How the file is made: as it was found, encoded, a still, or not at all. */
  readonly make:
    | { readonly kind: 'as-found' | 'absent' }
    | { readonly kind: 'encode'; readonly variant: FaultVariant }
    | {
        readonly kind: 'still';
        readonly at_s: number;
        readonly orientation?: 6;
        readonly keep?: number;
        readonly text?: string;
      };
  /** What the manifest says instead of the truth. */
  readonly declared?: Declared;
  /** Planted defects by rule id, with what was done. */
  readonly planted?: Readonly<Record<string, string>>;
  /** Shard the row goes to; the others are dealt out by the hash of their key. */
  readonly shard?: 0 | 1 | 2;
};

const PERSON = 'one-by-one-person-detection.mp4';
const BOTTLE = 'bottle-detection.mp4';
const CAR = 'car-detection.mp4';

type Cut = Pick<Row, 'declared' | 'planted' | 'shard'> & {
  readonly caption: string | null;
  readonly split?: Row['split'];
  readonly fault?: (base: ClipRecipe) => FaultVariant;
};

function cutClip(
  [folder, name, source, start_s, frames]: readonly [string, string, string, number, number],
  cut: Cut,
): Row {
  const recipe: ClipRecipe = {
    source: { file: source, start_s, frames },
    ...(folder === 'bottle'
      ? { width_px: 480, height_px: 270 }
      : { width_px: 384, height_px: 216 }),
    crf: 25,
    preset: 'slow',
    bFrames: 2,
  };
  return {
    key: `${folder}/${name}`,
    path: `media/${folder}/${name}.mp4`,
    source_id: source.replace(/\.\w+$/, ''),
    captioner: 'capbot-0.2',
    from: source,
    make: {
      kind: 'encode',
      variant: cut.fault?.(recipe) ?? { name: 'cut', recipe },
    },
    caption: cut.caption,
    split: cut.split ?? 'train',
    ...(cut.declared === undefined ? {} : { declared: cut.declared }),
    ...(cut.planted === undefined ? {} : { planted: cut.planted }),
    ...(cut.shard === undefined ? {} : { shard: cut.shard }),
  };
}

function pick(variants: readonly FaultVariant[], name: string): FaultVariant {
  const found = variants.find((variant) => variant.name === name);
  if (found === undefined) {
    throw new Error(`no fault ${name}`);
  }
  return found;
}

const ONE_CAPTION_ON_MANY =
  'A hand in a red sleeve reaches down from above, takes the middle one of three blue-capped plastic water bottles by its cap, and lifts it straight out of the frame.';

const REPEATED = { 'repeated-caption': 'one caption of 30 words copied over four rows' } as const;

const PEOPLE: readonly Row[] = [
  cutClip(['person', 'p01', PERSON, 6, 26], {
    caption:
      'A woman with long hair and a grey cardigan walks away from the camera towards a small round table in a bright room with a wooden floor.',
    fault: (base) => pick(TIMING_FAULTS['frozen-frames'](base).faulty, 'frozen-tail'),
    planted: { 'frozen-frames': 'last frame held for one second' },
  }),
  cutClip(['person', 'p02', PERSON, 17.6, 26], {
    caption: 'A woman in a long grey cardigan turns from the table and hurries out to the right.',
  }),
  cutClip(['person', 'p03', PERSON, 22.8, 26], {
    caption:
      'A short-haired person in black comes in from below and walks up to the round white table.',
    declared: { fps: 30 },
    planted: { 'fps-mismatch': 'manifest says 30 fps of a 10 fps clip' },
  }),
  cutClip(['person', 'p04', PERSON, 42.8, 24], {
    caption: 'I’m sorry, but I can’t help with identifying people in this video.',
    planted: { 'refusal-caption': 'refusal of a captioner instead of a caption' },
  }),
  cutClip(['person', 'p05', PERSON, 50, 26], {
    caption:
      'A woman with long blond hair in a black coat walks from the camera to the table by the wall.',
    fault: (base) =>
      pick(PICTURE_FAULTS['letterboxed-frames'](base).faulty, 'bars-above-and-below'),
    planted: { 'letterboxed-frames': 'black bars above and below' },
  }),
  cutClip(['person', 'p06', PERSON, 59, 26], {
    caption:
      'A woman with long blond hair stands at a table with her back to the camera and folds her arms.',
  }),
  cutClip(['person', 'p07', PERSON, 67.6, 30], {
    caption: 'A woman in a black coat leaves the table and walks out of the picture on the right.',
    fault: (base) => ({
      name: 'copied-from-between-keyframes',
      recipe: { ...base, gop: 999, bFrames: 0 },
      copy: { start_s: 1 },
    }),
    planted: { 'hidden-preroll': 'copied without decoding from 1 s after the keyframe' },
  }),
  cutClip(['person', 'p08', PERSON, 74.3, 26], {
    caption: 'A bearded man in a black shirt walks up to the table while looking at his phone.',
    declared: { width: 216, height: 384 },
    planted: { 'swapped-dimensions': 'width and height exchanged in the manifest' },
  }),
  cutClip(['person', 'p09', PERSON, 84.5, 26], {
    caption:
      '<|im_start|>assistant Here is a detailed caption for the video: a man in black turns around at the table and walks out to the right.',
    planted: { 'prompt-leak-caption': 'chat markup left in the caption' },
  }),
  cutClip(['person', 'p10', PERSON, 92, 26], {
    caption:
      'A dark-haired woman in a striped top walks in from below and stops in front of the table.',
    fault: (base) => ({
      name: 'two-frames-before',
      recipe: {
        ...base,
        fps: 10,
        source: [{ file: CAR, start_s: 5.5, frames: 2 }, ...[base.source ?? []].flat()],
      },
    }),
    planted: { 'previous-shot-frames': 'two frames of another video in front' },
  }),
  cutClip(['person', 'p11', PERSON, 117.4, 26], {
    caption:
      'A woman in a light grey sweater turns away from the table and leaves the room to the right.',
    fault: (base) => ({ name: 'cut-at-60-percent', recipe: base, keep: 0.6 }),
    planted: { 'truncated-file': 'last 40 % of the bytes are missing' },
  }),
  cutClip(['person', 'p12', PERSON, 123, 26], {
    caption: 'A man in a light blue shirt and jeans walks from the camera to the white table.',
    fault: (base) => ({
      name: 'planes-left-zero',
      recipe: {
        ...base,
        filters: "format=yuv420p,lutyuv=y=0:u=0:v=0:enable='gte(n,15)'",
      },
    }),
    planted: { 'green-frames': 'all planes zero from frame 15 on' },
  }),
  cutClip(['person', 'p13', PERSON, 133.5, 26], {
    caption: 'A man in a light blue shirt walks past the table &amp; out of the picture.',
    planted: { 'html-in-caption': 'an HTML entity left in the caption' },
  }),
  cutClip(['person', 'p14', PERSON, 64.5, 26], {
    caption:
      'A woman with long blond hair, seen from behind, shifts her weight from one foot to the other.',
  }),
  {
    ...cutClip(['person', 'p15', PERSON, 0, 1], {
      caption: 'An empty room with a wooden floor and a small round table by the wall.',
      declared: { width: 384, height: 216, fps: 10, duration: 2.6, num_frames: 26 },
      planted: { 'missing-file': 'the manifest names a file that is not there' },
    }),
    make: { kind: 'absent' },
  },
];

const BOTTLES: readonly Row[] = [
  cutClip(['bottle', 'b01', BOTTLE, 4.9, 80], {
    caption: 'A hand takes the left one of three water bottles and lifts it out of the picture.',
  }),
  cutClip(['bottle', 'b02', BOTTLE, 11, 80], {
    caption: 'A hand sets a water bottle down at the left of two others on a pale table.',
    declared: { width: 640, height: 360 },
    planted: { 'resolution-mismatch': 'manifest has the size before scaling' },
  }),
  cutClip(['bottle', 'b03', BOTTLE, 14.7, 54], {
    caption:
      'Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two water bottles. Two hands hold two',
    planted: { 'looping-caption': 'one sentence repeated up to the length limit' },
  }),
  cutClip(['bottle', 'b04', BOTTLE, 16.6, 55], {
    caption: 'Two hands lift two of three water bottles off the table and out of the picture.',
  }),
  cutClip(['bottle', 'b05', BOTTLE, 22, 75], {
    caption: 'A hand places a second water bottle next to the one at the right and lets go.',
    fault: (base) => ({
      name: 'bits-flipped',
      recipe: { ...base, faststart: false },
      flips: { seed: 11, count: 60, from: 0.15, to: 0.85 },
    }),
    planted: { 'decode-errors': '60 bits flipped in the coded frames' },
  }),
  cutClip(['bottle', 'b06', BOTTLE, 26.9, 80], {
    caption: 'A hand puts the left bottle of three back in its place.',
    split: 'val',
    planted: { 'source-leak': 'its source is in train, this clip in val' },
  }),
  cutClip(['bottle', 'b07', BOTTLE, 30.3, 1], {
    caption: 'A hand carries off the right one of three water bottles.',
    fault: (base) => ({
      name: 'one-frame-repeated',
      recipe: {
        ...base,
        filters: 'loop=loop=59:size=1:start=0,trim=end_frame=60,setpts=N/FRAME_RATE/TB',
      },
    }),
    planted: { 'still-video': 'one frame shown sixty times' },
  }),
  cutClip(['bottle', 'b08', BOTTLE, 34, 85], {
    caption: 'A hand lowers a third water bottle onto the right of the table.',
    fault: (base) => ({
      name: 'one-in-five-dropped',
      recipe: { ...base, bFrames: 0, filters: "select='not(eq(mod(n,5),2))'" },
    }),
    planted: { 'variable-frame-rate': 'every fifth frame dropped, times kept' },
  }),
  cutClip(['bottle', 'b10', BOTTLE, 31.3, 60], {
    caption: 'A hand pulls the right one of three water bottles up and away.',
  }),
  cutClip(['bottle', 'b11', BOTTLE, 24.6, 55], {
    caption: 'Two water bottles with blue caps stand on a pale table.',
  }),
  cutClip(['bottle', 'b09', BOTTLE, 36.4, 70], {
    caption: 'A hand lets go of the right one of three water bottles, which stand in a row.',
  }),
];

const CARS: readonly Row[] = [
  cutClip(['car', 'c01', CAR, 4.2, 45], {
    caption: 'A white car drives up an asphalt road, seen from above.',
    split: 'val',
  }),
  cutClip(['car', 'c02', CAR, 15, 48], {
    caption: ONE_CAPTION_ON_MANY,
    planted: REPEATED,
    split: 'val',
  }),
  cutClip(['car', 'c03', CAR, 25.4, 42], {
    caption: 'A white sports car crosses an empty road from top to bottom, seen from above.',
    fault: (base) => pick(TIMING_FAULTS['black-frames'](base).faulty, 'black-head'),
    planted: { 'black-frames': 'half a second of black in front' },
    split: 'val',
  }),
];

const GESTURE_EXTRAS: Readonly<Record<string, Partial<Row>>> = {
  want: { caption: '', planted: { 'empty-caption': 'caption is an empty string' } },
  milk: { caption: 'nan', planted: { 'placeholder-caption': 'a missing value turned into text' } },
  eat: { caption: ONE_CAPTION_ON_MANY, planted: REPEATED },
  brother: { caption: ONE_CAPTION_ON_MANY, planted: REPEATED },
  help: { caption: ONE_CAPTION_ON_MANY, planted: REPEATED },
  learn: {
    declared: { num_frames: 53 },
    planted: { 'frame-count-mismatch': 'manifest has 53 frames, the file 61' },
  },
  school: {
    declared: { duration: 4.9 },
    planted: { 'duration-mismatch': 'manifest says 4.9 s of a clip of 2.4 s' },
  },
  night: {
    declared: { created_at: '1970-01-01 00:00:00' },
    planted: { 'timestamp-out-of-range': 'created_at is the zero of the clock' },
  },
  please: {
    declared: { path: 'media/asl/thanks.mkv' },
    planted: { 'key-path-mismatch': 'path exchanged with that of asl/thanks' },
  },
  thanks: {
    declared: { path: 'media/asl/please.mkv' },
    planted: { 'key-path-mismatch': 'path exchanged with that of asl/please' },
  },
};

const ASL: readonly Row[] = GESTURES.map((word) => ({
  key: `asl/${word}`,
  path: `media/asl/${word}.mkv`,
  caption: word,
  source_id: `asl-${word}`,
  split: 'train',
  captioner: 'folder-name',
  from: `${word}.mkv`,
  make: { kind: 'as-found' },
  ...GESTURE_EXTRAS[word],
}));

/** Captions of the page as they are found there: curly quotes, leading spaces, one on nine clips. */
const MOTION_CAPTIONS: Readonly<Record<string, string>> = {
  bend: ' “A person walks forward, bends down to pick something up off the ground.”',
  turn: '“a person turns to his right and paces back and forth.”',
  punch: '“A person punches in a manner consistent with martial arts.”',
  run: ' (Class) Run',
  warmup: ' (Class) Warm up',
  sit: ' (Class) Sit',
  jump: ' (Class) Jump',
};

const TEST_MOTIONS: ReadonlySet<string> = new Set(['warmup', 'sit', 'jump']);

/** UTF-8 read as Windows-1252, which has no character for 0x9d. */
function garble(text: string): string {
  return text.replaceAll('“', 'â€œ').replaceAll('”', 'â€\u009d');
}

const MDM: readonly Row[] = MOTIONS.map((motion) => {
  const caption = MOTION_CAPTIONS[motion] ?? ' “A person kicks.”';
  const isGarbled = ['bend', 'turn', 'punch'].includes(motion);
  return {
    key: `mdm/${motion}`,
    path: `media/mdm/${motion}.mp4`,
    caption: isGarbled ? garble(caption) : caption,
    source_id: `mdm-${motion}`,
    split: TEST_MOTIONS.has(motion) ? 'test' : 'train',
    captioner: 'mdm-page',
    from: `${motion}.mp4`,
    make: { kind: 'as-found' },
    ...(isGarbled
      ? {
          shard: 1,
          planted: { 'mojibake-caption': 'UTF-8 of the curly quotes read as Windows-1252' },
        }
      : {}),
  } satisfies Row;
});

type Found = Pick<Row, 'caption' | 'split'> & Partial<Pick<Row, 'planted' | 'make' | 'declared'>>;

function foundClip(folder: string, from: string, name: string, rest: Found): Row {
  const stem = name.replace(/\.\w+$/, '');
  return {
    key: `${folder}/${stem}`,
    path: `media/${folder}/${name}`,
    source_id: from.replace(/\.\w+$/, ''),
    captioner: 'capbot-0.2',
    from,
    make: { kind: 'as-found' },
    ...rest,
  };
}

const OTHERS: readonly Row[] = [
  foundClip('film', 'rotate-buck-bunny.mp4', 'bunny-phone.mp4', {
    caption: 'A meadow fades in under a pink sky, animated.',
    split: 'test',
  }),
  foundClip('film', 'big_buck_bunny_432_433.webm', 'bunny-rope.webm', {
    caption: 'A big grey rabbit skips with a rope in a forest clearing, animated.',
    split: 'test',
  }),
  {
    ...cutClip(['film', 'bunny-meadow', 'example2.mp4', 0, 48], {
      caption: 'The camera pans over a green meadow with trees under a pink sky, animated.',
      split: 'test',
      fault: (base) => pick(TIMING_FAULTS['duplicate-frames'](base).faulty, '24-to-30-fps'),
      planted: { 'duplicate-frames': '24 fps made into 30 fps by repeating every fourth frame' },
    }),
  },
  foundClip('film', 'example3.mp4', 'sintel-snow.mp4', {
    caption:
      'A hooded traveller with a spear walks out of a snow storm between mountains, animated.',
    split: 'test',
  }),
  cutClip(['film', 'nasa-hoist', 'nasa_13013.mp4', 8.7, 105], {
    caption: 'A worker on a red lift beside a large golden structure that hangs in a dark hall.',
    split: 'val',
    declared: { fps: 30 },
    planted: { 'rounded-fps': 'manifest says 30 fps of a 29.97 fps clip' },
  }),
  {
    ...cutClip(['film', 'nasa-panel', 'nasa_13013.mp4', 4.6, 90], {
      caption:
        'A golden structure hangs in a dark hall, then a worker on a red lift looks at its panels.',
      split: 'val',
    }),
  },
  cutClip(['film', 'green-screen', 'man-on-green-screen.mp4', 0.9, 110], {
    caption: 'The black outline of a man in a suit walks in front of a bright green screen.',
  }),
  foundClip('pattern', 'SAR-2by3.mp4', 'colour-wheel.mp4', {
    caption: 'A test card with colour bars, a circle and a running counter.',
    split: 'train',
  }),
  foundClip('pattern', 'bitmap.mp4', 'bitmap.mp4', {
    caption: 'A single pixel that changes colour every second.',
    split: 'train',
  }),
  foundClip('pattern', '-video-with-dash-.mp4', '-video-with-dash-.mp4', {
    caption: 'One pixel, five colours, five seconds.',
    split: 'train',
  }),
  foundClip('film', 'result.webm', 'result.webm', {
    caption: 'A title slides in over a test card.',
    split: 'train',
  }),
];

function still(
  name: string,
  from: string,
  at_s: number,
  caption: string,
  rest: Partial<Row> & { readonly make?: Row['make'] } = {},
): Row {
  return {
    key: `still/${name}`,
    path: `media/still/${name}.jpg`,
    caption,
    source_id: from.replace(/\.\w+$/, ''),
    split: from === CAR ? 'val' : 'train',
    captioner: 'capbot-0.2',
    from,
    make: { kind: 'still', at_s },
    ...rest,
  };
}

const STILLS: readonly Row[] = [
  still(
    'room-1',
    PERSON,
    14,
    'A woman in a grey cardigan stands at a small round table by the wall.',
  ),
  still(
    'room-3',
    PERSON,
    21.8,
    'An empty room with a wooden floor, a grey curtain and a round table.',
  ),
  still('road-3', CAR, 26.3, 'A white sports car on an empty road, seen from above.'),
  still('rope', 'big_buck_bunny_432_433.webm', 0.5, 'A big grey rabbit with a rope in a forest.', {
    split: 'test',
  }),
  still('hall', 'nasa_13013.mp4', 7, 'A worker on a red lift in front of golden panels.', {
    split: 'val',
  }),
  still(
    'room-2',
    PERSON,
    61,
    'A woman with long blond hair stands at a small table, seen from behind.',
  ),
  still('bottles-1', BOTTLE, 2, 'Three plastic water bottles with blue caps stand in a row.'),
  still('bottles-2', BOTTLE, 24, 'A hand holds a water bottle by its cap.'),
  still('road-1', CAR, 17, 'A red car and a silver car side by side on a road, seen from above.'),
  still('road-2', CAR, 6.5, 'A white car on asphalt, seen from above.', {
    make: { kind: 'still', at_s: 6.5, orientation: 6 },
    planted: { 'ignored-rotation': 'EXIF orientation 6, stored size in the manifest' },
  }),
  still('snow', 'example3.mp4', 1.8, 'A traveller in furs holds a spear in the snow, animated.', {
    split: 'test',
    make: { kind: 'still', at_s: 1.8, keep: 0.55 },
    planted: { 'truncated-file': 'last 45 % of the bytes are missing' },
  }),
  still('meadow', 'example2.mp4', 1, 'An animated meadow with tall trees.', {
    split: 'test',
    make: {
      kind: 'still',
      at_s: 1,
      text: '<!doctype html>\n<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1></body></html>\n',
    },
    declared: { width: 480, height: 270 },
    planted: { 'wrong-file-type': 'a web page saved as .jpg' },
  }),
];

/** All rows of the example, before the one that is written twice. */
export const ROWS: readonly Row[] = [
  ...PEOPLE,
  ...BOTTLES,
  ...CARS,
  ...ASL,
  ...MDM,
  ...OTHERS,
  ...STILLS,
];

/** The row that is written a second time, into the last shard. */
export const DOUBLED_KEY = 'mdm/jump';

/** Defects that came with the files and captions as they were found, by rule id. */
export const FOUND_DEFECTS: Readonly<Record<string, readonly string[]>> = {
  'ignored-rotation': ['film/bunny-phone'],
  'ignored-sample-aspect-ratio': ['pattern/colour-wheel'],
  'duplicate-media': ['pattern/-video-with-dash-', 'pattern/bitmap'],
  'empty-file': ['film/result'],
  'duplicate-frames': ['film/green-screen'],
  'letterboxed-frames': ['film/sintel-snow'],
  'odd-dimensions': ['pattern/-video-with-dash-', 'pattern/bitmap'],
  'repeated-caption': Array.from({ length: 9 }, (_, index) => `mdm/kick${index + 1}`),
};

/**
 * Findings that are fair and fair to miss: what a planted defect brings along, and scenes that do stand still.
 * By rule id.
 */
export const DEBATABLE: Readonly<Record<string, readonly string[]>> = {
  'black-frames': ['film/bunny-phone', 'pattern/-video-with-dash-', 'pattern/bitmap', 'person/p12'],
  'decode-errors': ['person/p07', 'person/p11', 'still/meadow', 'still/snow'],
  'duplicate-frames': ['person/p12'],
  'duration-mismatch': ['film/bunny-phone', 'person/p07', 'person/p11'],
  'frame-count-mismatch': ['bottle/b05', 'person/p07', 'person/p11'],
  'frozen-frames': [
    'bottle/b07',
    'car/c03',
    'film/nasa-panel',
    'mdm/bend',
    'mdm/kick1',
    'mdm/kick2',
    'mdm/kick3',
    'mdm/kick5',
    'mdm/kick6',
    'mdm/kick8',
    'mdm/punch',
    'mdm/sit',
    'person/p12',
  ],
  'multi-shot-clip': ['car/c03', 'film/nasa-panel', 'person/p12'],
  'previous-shot-frames': ['car/c03'],
};
