/**
 * Recall and false alarms of the media rules: real clips encoded anew with each fault and each look-alike, in several
 * codecs and qualities, and judged by a scan as a user runs it.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node dist/bench/detection-media.js [--clips n] [--rules a,b] [folder…]
 *
 * Clips of the given folders (default: the example's) that a rule finds fault with as they are do not count for that
 * rule. Goals: recall 0.97 at the strength of the fault cases, alarms at most 1 % (warnings) and 0.1 % (errors).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';

import { Audit } from '../src/audit.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import type { ClipRecipe, VideoCodec } from '../src/media/encode/clip-recipe.ts';
import { FAULT_CASES } from '../src/media/faults/fault-cases.ts';
import { type FaultVariant, writeVariant } from '../src/media/faults/fault-variant.ts';
import { probeFrames } from '../src/probes/frames.ts';
import { SILENT } from '../src/progress.ts';

const CLIP = /\.(?:mp4|m4v|mov|mkv|webm)$/i;
const EXAMPLE = ['film', 'asl', 'mdm', 'car', 'person'].map(
  (name) => `examples/quickstart/media/${name}`,
);
const DEFAULT_CLIPS = 24;
/** Median change of neighbouring frames, grey levels: no rule of time can tell anything of a still scene. */
const LEAST_MOTION = 1;

/** Encoders that a clip is written with, in turn. MPEG-2 has a fixed quality of its own. */
const CODINGS: readonly { readonly codec: VideoCodec; readonly crf: number }[] = [
  { codec: 'h264', crf: 18 },
  { codec: 'hevc', crf: 24 },
  { codec: 'vp9', crf: 32 },
  { codec: 'av1', crf: 36 },
  { codec: 'mpeg2', crf: 5 },
  { codec: 'h264', crf: 28 },
];

/** Rules whose fault lies in bytes, boxes or tags of one format: they are tried in H.264 alone. */
const H264_ONLY = new Set([
  'hidden-preroll',
  'non-keyframe-start',
  'odd-dimensions',
  'hdr-as-sdr',
  'decode-errors',
  'truncated-file',
  'starved-bitrate',
  'trailing-index',
  'interlaced-frames',
  'still-video',
  'frozen-frames',
]);

type Made = {
  readonly key: string;
  readonly path: string;
  readonly rule: string;
  readonly variant: string;
  readonly isFaulty: boolean;
  readonly base: string;
};

const options = readArguments(process.argv.slice(2));
const folder = join(tmpdir(), 'dailies-detection');
mkdirSync(join(folder, 'media'), { recursive: true });
const rules = new Map((await loadRules()).map((rule) => [rule.id, rule]));
const wanted = Object.keys(FAULT_CASES).filter(
  (id) => options.rules.length === 0 || options.rules.includes(id),
);
const bases = await chooseClips(options.folders, options.clips);
// All clips first: encoding blocks this process, and the children of a scan must not wait for it.
const madeClips = new Map<string, readonly Made[]>();
for (const id of wanted) if (rules.has(id)) madeClips.set(id, await makeClips(id));
const natural = await findingsOf(
  'natural',
  bases.map((path) => ({ key: path, path, shard: 'natural' })),
);
console.log(`${bases.length} clips, ${CODINGS.length} codings`);
console.log(
  ['rule', 'severity', 'faulty', 'recall', 'look-alikes', 'alarms']
    .map((cell, at) => cell.padEnd(at === 0 ? 30 : 12))
    .join(''),
);
for (const id of wanted) {
  const rule = rules.get(id);
  if (rule === undefined) {
    console.log(`${id.padEnd(30)}no such rule`);
    continue;
  }
  const made = madeClips.get(id) ?? [];
  // A fault of a shard shows beside sound shards: the clips as they are stand in three more.
  const sound = made.filter((each) => each.variant === 'as-recorded');
  const beside = [1, 2, 3].flatMap((copy) =>
    sound.map(({ key, path }) => ({ key: `${key}/${copy}`, path, shard: `sound-${copy}` })),
  );
  const found = await findingsOf(id, [
    ...beside,
    ...made.map((each) => ({
      key: each.key,
      path: each.path,
      shard: `${each.isFaulty}-${each.variant}`,
    })),
  ]);
  const counted = made.filter((each) => !(natural.get(each.base)?.has(id) ?? false));
  const faulty = counted.filter((each) => each.isFaulty);
  const clean = counted.filter((each) => !each.isFaulty);
  const isHit = (each: Made): boolean => found.get(each.key)?.has(id) ?? false;
  const recall = faulty.filter(isHit).length / Math.max(1, faulty.length);
  const alarms = clean.filter(isHit).length / Math.max(1, clean.length);
  const cells = [
    rule.severity,
    String(faulty.length),
    recall.toFixed(3),
    String(clean.length),
    `${(100 * alarms).toFixed(1)} %`,
  ];
  console.log(id.padEnd(30) + cells.map((cell) => cell.padEnd(12)).join(''));
  const wrong = counted.filter((each) => isHit(each) !== each.isFaulty);
  for (const each of wrong.slice(0, options.wrong))
    console.log(`    ${each.isFaulty ? 'missed' : 'alarm'} ${each.variant} ${each.path}`);
}

function readArguments(args: readonly string[]): {
  readonly clips: number;
  readonly wrong: number;
  readonly rules: readonly string[];
  readonly folders: readonly string[];
} {
  const value = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const folders = args.filter(
    (arg, at) => !arg.startsWith('--') && !(args[at - 1] ?? '').startsWith('--'),
  );
  return {
    clips: Number(value('--clips') ?? DEFAULT_CLIPS),
    wrong: Number(value('--wrong') ?? 0),
    rules: value('--rules')?.split(',') ?? [],
    folders: folders.length === 0 ? EXAMPLE : folders,
  };
}

/** An even choice of each folder's clips: two seconds or more, in which something moves. */
async function chooseClips(folders: readonly string[], count: number): Promise<string[]> {
  const each = folders.map((name) =>
    readdirSync(name, { recursive: true, encoding: 'utf8' })
      .filter((file) => CLIP.test(file))
      .toSorted()
      .map((file) => resolve(name, file)),
  );
  const chosen: string[] = [];
  for (let turn = 0; chosen.length < count && turn < 1000; turn++) {
    const clip = each[turn % each.length]?.[Math.floor(turn / each.length)];
    if (clip === undefined) continue;
    const row = await probeFrames(clip, { tier: 'frames', decoder: 'auto' });
    const length_s = (row.pts_s?.at(-1) ?? 0) - (row.pts_s?.[0] ?? 0);
    const isMoving = (row.motion_median ?? 0) >= LEAST_MOTION && (row.still_score ?? 0) >= 2;
    if (isMoving && length_s >= 1.9) chosen.push(clip);
  }
  return chosen;
}

async function makeClips(id: string): Promise<readonly Made[]> {
  const makeCase = Object.entries(FAULT_CASES).find(([name]) => name === id)?.[1];
  const made: Made[] = [];
  if (makeCase === undefined) return made;
  for (const [index, base] of bases.entries()) {
    const coding = H264_ONLY.has(id)
      ? { codec: 'h264' as const, crf: [18, 23, 28, 36][index % 4] ?? 23 }
      : (CODINGS[index % CODINGS.length] ?? { codec: 'h264' as const, crf: 23 });
    const recipe: ClipRecipe = {
      source: { file: base },
      width_px: 320,
      fps: 24,
      duration_s: 2,
      codec: coding.codec,
      ...(coding.codec === 'mpeg2' ? { encoderOptions: { b: '1200k' } } : { crf: coding.crf }),
    };
    const { faulty, lookalikes } = makeCase(recipe);
    for (const [isFaulty, variants] of [
      [true, faulty],
      [false, lookalikes],
    ] as const) {
      for (const variant of variants) {
        const path = await write(variant);
        if (path === null) continue;
        const key = `${id}/${variant.name}/${isFaulty}/${index}`;
        made.push({ key, path, rule: id, variant: variant.name, isFaulty, base });
      }
    }
  }
  return made;
}

/** The file of a variant; null where this codec or clip can't have it. */
async function write(variant: FaultVariant): Promise<string | null> {
  const name = createHash('sha256').update(JSON.stringify(variant)).digest('hex').slice(0, 20);
  const path = join(
    folder,
    'media',
    `${name}${extname(variant.suffix ?? '.mp4') || variant.suffix || '.mp4'}`,
  );
  if (existsSync(path)) return path;
  try {
    await writeVariant(path, variant);
    return path;
  } catch (error) {
    if (options.wrong > 0)
      console.log(`    not made: ${variant.name}: ${String(error).slice(0, 160)}`);
    return null;
  }
}

/** Rules that find fault with each clip, by key. */
async function findingsOf(
  name: string,
  clips: readonly { readonly key: string; readonly path: string; readonly shard: string }[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const dataset = join(folder, name);
  mkdirSync(dataset, { recursive: true });
  const shards = [...new Set(clips.map((clip) => clip.shard))];
  for (const [index, shard] of shards.entries()) {
    const lines = clips
      .filter((clip) => clip.shard === shard)
      .map(({ key, path }) =>
        JSON.stringify({
          key,
          path: path.slice(path.lastIndexOf('/media/') + 1),
          ...declared(name),
        }),
      );
    writeFileSync(
      join(dataset, `part-${String(index).padStart(5, '0')}.jsonl`),
      `${lines.join('\n')}\n`,
    );
  }
  const config = {
    ...DEFAULT_CONFIG,
    dataset: [dataset],
    mediaRoot: name === 'natural' ? '/' : folder,
    cacheDirectory: join(folder, 'cache'),
    sample: 'all',
  };
  if (name === 'natural') {
    const lines = clips.map(({ key, path }) => JSON.stringify({ key, path: path.slice(1) }));
    writeFileSync(join(dataset, 'part-00000.jsonl'), `${lines.join('\n')}\n`);
  }
  const context = { signal: new AbortController().signal, progress: SILENT };
  const request = { config, cwd: folder, runFolder: null, command: [], maxFindings: 100_000 };
  const audit = await Audit.begin(request, context);
  try {
    await audit.open();
    await audit.readManifest();
    await audit.lookAtMedia();
    await audit.judge();
    const { report } = await audit.finish();
    const byKey = new Map<string, Set<string>>();
    for (const finding of report.findings) {
      if (finding.key === null) continue;
      const set = byKey.get(finding.key) ?? new Set<string>();
      byKey.set(finding.key, set.add(finding.rule_id));
    }
    return byKey;
  } finally {
    await audit.close();
  }
}

/** What a manifest says besides, where a rule goes by it. */
function declared(rule: string): Readonly<Record<string, number>> {
  return rule === 'missing-audio' ? { sample_rate_hz: 48_000 } : {};
}
