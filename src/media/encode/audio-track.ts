import type { Packet } from 'node-av';
import { AUDIO_ENCODERS, type AudioRecipe } from './clip-recipe.ts';
import { generateFrames } from './filter-frames.ts';
import { assertDone, assertGiven, type LibAv } from './libav.ts';
import { describeTrack, drainPackets, findEncoder, type Track } from './track.ts';

/** Make the sound of a recipe and encode it; `length_s` is its length where the recipe does not say. */
export function encodeAudio(
  av: LibAv,
  recipe: AudioRecipe,
  length_s: number,
  header: boolean,
): Track {
  const codecName = AUDIO_ENCODERS[recipe.codec ?? 'aac'];
  const codec = findEncoder(av, codecName);
  const format = assertGiven(codec.sampleFormats?.[0], `${codecName} takes no samples`);
  const rate_hz = recipe.sample_rate_hz ?? 48_000;
  const layout = recipe.channels === 1 ? 'mono' : 'stereo';
  const context = new av.CodecContext();
  const text = [
    recipe.source ?? 'sine=frequency=440',
    `atrim=end=${recipe.duration_s ?? length_s}`,
    ...(recipe.filters === undefined ? [] : [recipe.filters]),
    `aresample=${rate_hz}`,
    `aformat=sample_fmts=${av.avGetSampleFmtName(format)}:channel_layouts=${layout}:sample_rates=${rate_hz}`,
  ];
  context.allocContext3(codec);
  context.sampleRate = rate_hz;
  context.sampleFormat = format;
  context.channelLayout =
    layout === 'mono' ? av.AV_CHANNEL_LAYOUT_MONO : av.AV_CHANNEL_LAYOUT_STEREO;
  context.timeBase = new av.Rational(1, rate_hz);
  context.bitRate = 64_000n;
  context.setFlags(av.AV_CODEC_FLAG_BITEXACT);
  if (header) {
    context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  }
  assertDone(av, context.open2Sync(codec), `open encoder ${codecName}`);
  if (context.frameSize > 0) {
    text.push(`asetnsamples=n=${context.frameSize}:p=0`);
  }
  const stream = generateFrames(av, text.join(','), 'audio');
  const packets: Packet[] = [];
  for (const frame of stream.frames) {
    assertDone(av, context.sendFrameSync(frame), 'encode audio');
    drainPackets(av, context, packets);
  }
  assertDone(av, context.sendFrameSync(null), 'encode audio');
  drainPackets(av, context, packets);
  return describeTrack(context, packets, { num: rate_hz, den: Math.max(1, context.frameSize) });
}
