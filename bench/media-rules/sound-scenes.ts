import type { AudioRecipe, ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { openFileRanges } from '../../src/media/file-ranges.ts';
import { probeHeader } from '../../src/probes/header.ts';
import { AS_RECORDED, type Scene } from './cohorts.ts';
import { encodeOnce } from './encode-once.ts';

/** A stretch of a clip's own sound. */
export type SoundSpan = { readonly file: string; readonly start_s: number };

/** Length of a stretch, seconds: what a worker that was wrong did, it did to all of it. */
const SPAN_S = 2;

/** What a worker did to the sound of its clips; null leaves it out. */
const SOUND_WAYS = {
  [AS_RECORDED]: 'anull',
  // Samples of 16 bits taken for 24: three bytes of which one is empty.
  'scaled-twice': 'volume=-48dB',
  'a-fifth-of-the-volume': 'volume=-14dB',
  'quieter-by-6-db': 'volume=-6dB',
  'right-inverted': 'pan=stereo|c0=c0|c1=-1*c1',
  'left-for-right': 'pan=stereo|c0=c1|c1=c0',
  'no-sound-track': null,
  'late-by-0.2-s': 'asetpts=PTS+0.2/TB',
  'late-by-0.03-s': 'asetpts=PTS+0.03/TB',
} as const;

export type SoundWay = keyof typeof SOUND_WAYS;

/** Stretches of two seconds out of the clips that have a sound track, in turn, at most `count`. */
export async function chooseSounds(
  clips: readonly string[],
  count: number,
): Promise<readonly SoundSpan[]> {
  const lengths: { readonly file: string; readonly length_s: number }[] = [];
  for (const file of clips) {
    const { reader } = await openFileRanges(file);
    const { containers } = await probeHeader(reader, { wants: ['containers'] });
    await reader.close();
    if ((containers.audio_track_count ?? 0) > 0 && (containers.audio_channels ?? 0) > 0)
      lengths.push({ file, length_s: containers.audio_duration_s ?? 0 });
  }
  const spans: SoundSpan[] = [];
  const longest = Math.max(0, ...lengths.map((each) => each.length_s));
  for (let start_s = 0; start_s + SPAN_S <= longest && spans.length < count; start_s += SPAN_S)
    for (const { file, length_s } of lengths)
      if (start_s + SPAN_S <= length_s && spans.length < count) spans.push({ file, start_s });
  return spans;
}

function soundOf({ file, start_s }: SoundSpan, filters: string): AudioRecipe {
  const name = file.replaceAll(/[\\':]/g, (sign) => `\\${sign}`);
  return {
    source: `amovie='${name}':seek_point=${start_s},atrim=duration=${SPAN_S},asetpts=PTS-STARTPTS,aresample=48000,aformat=channel_layouts=stereo`,
    filters,
    duration_s: SPAN_S,
    channels: 2,
  };
}

/** Writes a small picture with a stretch of sound in the given ways; null where the sound cannot be read. */
export async function makeSoundScene(
  folder: string,
  span: SoundSpan,
  ways: readonly SoundWay[],
): Promise<Scene | null> {
  const paths = await encodeOnce(folder, ways, (way): ClipRecipe => {
    const filters = SOUND_WAYS[way];
    return {
      source: 'testsrc2',
      width_px: 64,
      height_px: 36,
      fps: 10,
      duration_s: SPAN_S,
      codec: 'h264',
      ...(filters === null ? {} : { audio: soundOf(span, filters) }),
    };
  });
  return paths === null ? null : { name: `${span.file}@${span.start_s}`, paths };
}
