import type { ByteView } from './byte-view.ts';
import type { AudioTrack, Edit, VideoTrack } from './media-header.ts';
import { boxesIn, childOf, descend, type Box } from './mp4-boxes.ts';
import { readEdits } from './mp4-edits.ts';
import { readAudioEntry, readAudioFormat } from './mp4-sample-entry.ts';
import {
  firstSampleOffset,
  lastSampleEnd,
  readPacketTable,
  sampleBoxes,
  tableDurationTicks,
  type SampleBoxes,
} from './mp4-sample-table.ts';
import { readMatrix, readTrackHeader, readVideoDescription, type Matrix } from './mp4-video.ts';

/** Defaults of `trex` for the fragments of one track. */
export type FragmentDefaults = {
  readonly duration: number;
  readonly size_bytes: number;
  readonly flags: number;
};

/** What `moov` says, with the tracks that count: the first video track that can be shown and the first audio track. */
export type Movie = {
  readonly duration_s: number | null;
  readonly video: VideoTrack | null;
  readonly videoTrackId: number;
  readonly audio: AudioTrack | null;
  readonly audioTrack: {
    readonly id: number;
    readonly scale: number;
    readonly edits: readonly Edit[];
  } | null;
  readonly videoTrackCount: number;
  readonly audioTrackCount: number;
  readonly attachedPictureCount: number;
  /** End of the sample data by all sample tables, null if they are empty. */
  readonly sampleEnd_bytes: number | null;
  /** Where the video's first sample lies. */
  readonly firstSample_bytes: number | null;
  readonly fragmentDefaults: ReadonlyMap<number, FragmentDefaults>;
  readonly hasFragments: boolean;
};

type Track = {
  readonly box: Box;
  readonly kind: 'video' | 'audio' | 'other';
  readonly scale: number;
  readonly declaredTicks: number;
  readonly boxes: SampleBoxes;
};

const MAX_TRACKS = 64;

/** Reads a whole `moov` box held in memory. */
export function readMovie(view: ByteView, moov: Box): Movie {
  const mvhd = childOf(view, moov, 'mvhd');
  const isLong = mvhd !== null && view.u8(mvhd.body) === 1;
  const scaleAt = (mvhd?.body ?? 0) + (isLong ? 20 : 12);
  const movieScale = mvhd === null ? 0 : view.u32(scaleAt);
  const movieMatrix =
    mvhd === null ? { a: 1, b: 0, c: 0, d: 1 } : readMatrix(view, scaleAt + (isLong ? 28 : 24));
  const tracks = boxesIn(view, moov.body, moov.end)
    .filter((box) => box.type === 'trak')
    .slice(0, MAX_TRACKS)
    .flatMap((box) => readTrack(view, box) ?? []);
  const mvex = childOf(view, moov, 'mvex');
  const declared_s = readMovieDuration(view, mvhd, mvex, movieScale);
  const video = pickVideo(view, tracks, movieMatrix, movieScale);
  const audio = tracks.find((track) => track.kind === 'audio') ?? null;
  const audioEdits = audio === null ? [] : readEdits(view, audio.box, audio.scale, movieScale);
  const ends = tracks.flatMap((track) => lastSampleEnd(view, track.boxes) ?? []);
  const videoTracks = tracks.filter((track) => track.kind === 'video');
  const pictures = videoTracks.filter((track) => isPicture(view, track)).length;
  return {
    duration_s: declared_s,
    video: video?.track ?? null,
    videoTrackId: video?.id ?? 0,
    audio: audio === null ? null : readAudio(view, audio, audioEdits),
    audioTrack:
      audio === null
        ? null
        : {
            id: readTrackHeader(view, audio.box, movieMatrix).id,
            scale: audio.scale,
            edits: audioEdits,
          },
    videoTrackCount: videoTracks.length - pictures,
    audioTrackCount: tracks.filter((track) => track.kind === 'audio').length,
    attachedPictureCount: pictures + countCovers(view, moov),
    sampleEnd_bytes: ends.length === 0 ? null : Math.max(...ends),
    firstSample_bytes: video?.firstSample_bytes ?? null,
    fragmentDefaults: mvex === null ? new Map() : readFragmentDefaults(view, mvex),
    hasFragments: mvex !== null,
  };
}

function readTrack(view: ByteView, box: Box): Track | null {
  const mdia = childOf(view, box, 'mdia');
  if (mdia === null) return null;
  const mdhd = childOf(view, mdia, 'mdhd');
  const hdlr = childOf(view, mdia, 'hdlr');
  const stbl = descend(view, mdia, 'minf', 'stbl');
  if (mdhd === null || hdlr === null || stbl === null) return null;
  const isLong = view.u8(mdhd.body) === 1;
  const handler = view.fourcc(hdlr.body + 8);
  return {
    box,
    kind: handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : 'other',
    scale: view.u32(mdhd.body + (isLong ? 20 : 12)),
    declaredTicks: knownTicks(isLong ? view.u64(mdhd.body + 24) : view.u32(mdhd.body + 16)),
    boxes: sampleBoxes(view, stbl),
  };
}

/** All ones stand for an unknown duration. */
function knownTicks(ticks: number): number {
  return ticks === 0xff_ff_ff_ff || ticks >= 2 ** 62 ? 0 : ticks;
}

function readMovieDuration(
  view: ByteView,
  mvhd: Box | null,
  mvex: Box | null,
  scale: number,
): number | null {
  if (mvhd === null || scale === 0) return null;
  const isLong = view.u8(mvhd.body) === 1;
  const own = knownTicks(isLong ? view.u64(mvhd.body + 24) : view.u32(mvhd.body + 16));
  const mehd = mvex === null ? null : childOf(view, mvex, 'mehd');
  const fragments =
    mehd === null
      ? 0
      : view.u8(mehd.body) === 1
        ? view.u64(mehd.body + 4)
        : view.u32(mehd.body + 4);
  const ticks = Math.max(own, fragments);
  return ticks > 0 ? ticks / scale : null;
}

type PickedVideo = {
  readonly id: number;
  readonly firstSample_bytes: number | null;
  readonly track: VideoTrack;
};

/** The first enabled video track that is no picture, else the first video track. */
function pickVideo(
  view: ByteView,
  tracks: readonly Track[],
  movie: Matrix,
  movieScale: number,
): PickedVideo | null {
  const videos = tracks.filter((track) => track.kind === 'video' && !isPicture(view, track));
  const shown = videos.find((track) => readTrackHeader(view, track.box, movie).isEnabled);
  for (const track of shown === undefined ? videos : [shown, ...videos]) {
    const header = readTrackHeader(view, track.box, movie);
    const stsd = track.boxes.get('stsd');
    const description = stsd === undefined ? null : readVideoDescription(view, stsd, header);
    if (description === null || track.scale === 0) continue;
    return {
      id: header.id,
      firstSample_bytes: firstSampleOffset(view, track.boxes),
      track: {
        ...description,
        ticksPerSecond: track.scale,
        edits: readEdits(view, track.box, track.scale, movieScale),
        declaredTicks: track.declaredTicks > 0 ? track.declaredTicks : null,
        packets: readPacketTable(view, track.boxes),
      },
    };
  }
  return null;
}

/** A video track of one JPEG or PNG beside which nothing moves: cover art. */
function isPicture(view: ByteView, track: Track): boolean {
  const stsz = track.boxes.get('stsz');
  const stsd = track.boxes.get('stsd');
  if (stsz === undefined || stsd === undefined || stsd.body + 16 > stsd.end) return false;
  const tag = view.fourcc(stsd.body + 12);
  return ['jpeg', 'png ', 'tiff'].includes(tag) && view.u32(stsz.body + 8) === 1;
}

/** iTunes cover art (`moov/udta/meta/ilst/covr`), one `data` box a picture. */
function countCovers(view: ByteView, moov: Box): number {
  const udta = childOf(view, moov, 'udta');
  const meta = udta === null ? null : childOf(view, udta, 'meta');
  if (meta === null) return 0;
  const ilst = boxesIn(view, meta.body + 4, meta.end).find((box) => box.type === 'ilst');
  const covr = ilst === undefined ? null : childOf(view, ilst, 'covr');
  if (covr === null) return 0;
  return boxesIn(view, covr.body, covr.end).filter((box) => box.type === 'data').length;
}

function readAudio(view: ByteView, track: Track, edits: readonly Edit[]): AudioTrack {
  const stsd = track.boxes.get('stsd');
  const entry = stsd === undefined ? null : readAudioEntry(view, stsd);
  const format =
    entry === null || entry.box.body + 28 > entry.box.end ? null : readAudioFormat(view, entry);
  const ticks = tableDurationTicks(view, track.boxes);
  return {
    codec: format?.codec ?? null,
    sampleRate_hz: format?.sampleRate_hz ?? null,
    channels: format?.channels ?? null,
    ...audioTimes(ticks, track.scale, edits),
  };
}

/** Start and duration of an audio track on the presentation timeline, its media beginning at tick 0. */
export function audioTimes(
  mediaTicks: number,
  scale: number,
  edits: readonly Edit[],
): Pick<AudioTrack, 'start_s' | 'duration_s'> {
  if (scale === 0 || mediaTicks === 0) return { start_s: null, duration_s: null };
  let shown = edits.length === 0 ? mediaTicks : 0;
  for (const edit of edits) {
    shown += Math.max(0, Math.min(edit.durationTicks, mediaTicks - edit.mediaStartTicks));
  }
  return { start_s: (edits[0]?.startTicks ?? 0) / scale, duration_s: shown / scale };
}

function readFragmentDefaults(view: ByteView, mvex: Box): ReadonlyMap<number, FragmentDefaults> {
  const defaults = new Map<number, FragmentDefaults>();
  for (const box of boxesIn(view, mvex.body, mvex.end)) {
    if (box.type !== 'trex' || box.body + 24 > box.end) continue;
    defaults.set(view.u32(box.body + 4), {
      duration: view.u32(box.body + 12),
      size_bytes: view.u32(box.body + 16),
      flags: view.u32(box.body + 20),
    });
  }
  return defaults;
}
