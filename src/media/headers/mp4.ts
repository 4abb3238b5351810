import { HEAD_BYTES, type ByteWindow } from '../byte-window.ts';
import type { Magic } from '../magic.ts';
import { ByteView } from './byte-view.ts';
import { HeaderFault } from './header-fault.ts';
import type { MediaHeader, VideoTrack } from './media-header.ts';
import { boxesIn, type Box } from './mp4-boxes.ts';
import { FragmentCollector } from './mp4-fragments.ts';
import { audioTimes, readMovie, type Movie } from './mp4-movie.ts';
import { PEEK_BYTES, mergeFacts, readCodecPacket, wantsPeek } from './video-codec.ts';

/** Largest index that is read: a `moov` of 64 MB describes a million samples and more. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;
const MAX_TOP_BOXES = 100_000;
/** Taken of what lies behind media data: the index of a fragment, or of many small ones. */
const FRAGMENT_BYTES = 4096;
const DENSE_BYTES = 131_072;
const SPARSE_BYTES = 24_576;

/** Boxes that may stand at the top of a file: anything else behind the media is junk that declares nothing. */
const TOP_TYPES: ReadonlySet<string> = new Set(
  (
    'ftyp styp moov mdat moof mfra sidx ssix free skip wide udta uuid ' +
    'meta meco pdin prft emsg pnot PICT idat imda junk'
  ).split(' '),
);

/** A box at the top of the file; `end` may lie behind the end of the file. */
type TopBox = {
  readonly type: string;
  readonly start: number;
  readonly body: number;
  readonly end: number;
  /** Size 0: to the end of the file, wherever that is. */
  readonly isOpen: boolean;
};

/** What a walk over the top of the file found. */
type Walk = {
  movie: Movie | null;
  moovStart: number;
  index_bytes: number;
  mdatStart: number | null;
  fragments: FragmentCollector | null;
  /** Largest end of any box but media data; and of media data. */
  boxEnd: number;
  dataEnd: number;
  fault: HeaderFault | null;
};

/**
 * Reads the header of an MP4, MOV or fragmented MP4: `moov` wherever it lies, and `moof` by `moof`.
 *
 * Costs the first 32 KB and, where the index is elsewhere, one or two reads more; no media data but the head of the
 * first packet of codecs that are described nowhere else. Throws {@link HeaderFault}.
 */
export async function readMp4(window: ByteWindow, format: Magic): Promise<MediaHeader> {
  const walk = await walkTop(window);
  const { movie, fragments } = walk;
  if (movie === null) {
    const end = Math.max(walk.boxEnd, walk.dataEnd);
    if (walk.fault !== null && end <= window.sizeBytes) throw walk.fault;
    throw end > window.sizeBytes
      ? new HeaderFault(
          'truncated-header',
          `the file ends before its index (moov), box ends reach ${end}`,
          end,
        )
      : new HeaderFault('corrupt-header', 'no index (moov) in the file', end);
  }
  const head = movie.video?.packets ?? null;
  const packets = fragments === null || movie.video === null ? head : fragments.packets(head);
  const isCut = walk.fault !== null && packets !== null;
  const video =
    movie.video === null
      ? null
      : { ...movie.video, packets: isCut ? { ...packets, isComplete: false } : packets };
  const first = movie.firstSample_bytes ?? fragments?.firstVideoOffset_bytes ?? null;
  return {
    format,
    isFragmented: movie.hasFragments || fragments !== null,
    isFaststart: walk.mdatStart === null || walk.moovStart < walk.mdatStart,
    index_bytes: walk.index_bytes,
    duration_s: movie.duration_s ?? fragmentDuration(video),
    video: video === null ? null : await peekVideo(window, video, first),
    audio: audioOf(movie, fragments),
    videoTrackCount: movie.videoTrackCount,
    audioTrackCount: movie.audioTrackCount,
    attachedPictureCount: movie.attachedPictureCount,
    declaredEnd_bytes: declaredEnd(walk, movie),
    scannedBytes: 0,
    // A fragment that is cut off tells itself by the end that the file should have.
    fault: walk.fault === null || walk.fault.code === 'truncated-header' ? null : walk.fault,
  };
}

/**
 * Where the file must end. An index that names samples knows it best: the box around them may be stated too long or
 * too short, or open. Without such an index the media data box and the fragments count.
 */
function declaredEnd(walk: Walk, movie: Movie): number {
  const isIndexed = movie.sampleEnd_bytes !== null && walk.fragments === null;
  return Math.max(walk.boxEnd, isIndexed ? (movie.sampleEnd_bytes ?? 0) : walk.dataEnd);
}

function fragmentDuration(video: VideoTrack | null): number | null {
  const ticks = video?.packets?.durationTicks ?? 0;
  return video === null || ticks === 0 ? null : ticks / video.ticksPerSecond;
}

function audioOf(movie: Movie, fragments: FragmentCollector | null): MediaHeader['audio'] {
  if (movie.audio === null || movie.audioTrack === null || fragments === null) return movie.audio;
  const { startTicks, ticks } = fragments.audio;
  if (startTicks === null) return movie.audio;
  const times = audioTimes(ticks, movie.audioTrack.scale, movie.audioTrack.edits);
  const offset = startTicks / movie.audioTrack.scale;
  return { ...movie.audio, ...times, start_s: (times.start_s ?? 0) + offset };
}

async function peekVideo(
  window: ByteWindow,
  video: VideoTrack,
  first: number | null,
): Promise<VideoTrack> {
  if (first === null || !wantsPeek(video.codec, video.facts)) return video;
  const size = video.packets?.sizes_bytes[0] ?? 0;
  const packet = await window.read(first, Math.min(size, PEEK_BYTES));
  const facts = mergeFacts(video.facts, readCodecPacket(video.codec, packet));
  return {
    ...video,
    facts,
    width_px: facts.width_px ?? video.width_px,
    height_px: facts.height_px ?? video.height_px,
  };
}

async function walkTop(window: ByteWindow): Promise<Walk> {
  const walk: Walk = {
    movie: null,
    moovStart: 0,
    index_bytes: 0,
    mdatStart: null,
    fragments: null,
    boxEnd: 0,
    dataEnd: 0,
    fault: null,
  };
  try {
    let at = 0;
    let ahead = FRAGMENT_BYTES;
    for (let count = 0; at < window.sizeBytes && count < MAX_TOP_BOXES; count++) {
      const box = await readTopBox(window, at, walk.movie === null ? HEAD_BYTES : ahead);
      if (box === null) break;
      await takeBox(window, walk, box);
      // Fragments that lie close together are read many at once, others one by one.
      if (box.type === 'mdat') ahead = box.end - at < SPARSE_BYTES ? DENSE_BYTES : FRAGMENT_BYTES;
      at = box.end;
    }
  } catch (error) {
    if (!(error instanceof HeaderFault)) throw error;
    walk.fault = error;
  }
  return walk;
}

async function readTopBox(window: ByteWindow, at: number, ahead: number): Promise<TopBox | null> {
  const head = new ByteView(await window.read(at, 16, ahead));
  if (head.length < 8) return null;
  const type = head.fourcc(4);
  if (!TOP_TYPES.has(type) && at > 0) return null;
  const declared = head.u32(0);
  const isLarge = declared === 1;
  if (isLarge && head.length < 16) return null;
  const isOpen = declared === 0;
  const size = isLarge ? head.u64(8) : isOpen ? window.sizeBytes - at : declared;
  const body = at + (isLarge ? 16 : 8);
  if (at + size < body) return null;
  return { type, start: at, body, end: at + size, isOpen };
}

async function takeBox(window: ByteWindow, walk: Walk, box: TopBox): Promise<void> {
  if (box.type === 'mdat' || box.type === 'imda') {
    walk.mdatStart ??= box.start;
    walk.dataEnd = Math.max(walk.dataEnd, box.isOpen ? 0 : box.end);
    return;
  }
  walk.boxEnd = Math.max(walk.boxEnd, box.end);
  if (box.type === 'moov' && walk.movie === null) {
    const { view, outer } = await loadBox(window, box);
    walk.movie = readMovie(view, outer);
    walk.moovStart = box.start;
    walk.index_bytes += box.end - box.start;
  } else if (box.type === 'moof') {
    if (walk.movie === null) return;
    walk.fragments ??= new FragmentCollector(
      walk.movie.videoTrackId,
      walk.movie.audioTrack?.id ?? -1,
      walk.movie.fragmentDefaults,
      window.sizeBytes,
    );
    walk.mdatStart ??= box.start;
    const { view, outer } = await loadBox(window, box);
    walk.fragments.add(view, outer, box.start);
    walk.dataEnd = Math.max(walk.dataEnd, walk.fragments.dataEnd_bytes);
    walk.index_bytes += box.end - box.start;
  }
}

/** A whole top box in memory. */
async function loadBox(
  window: ByteWindow,
  box: TopBox,
): Promise<{ readonly view: ByteView; readonly outer: Box }> {
  const size = box.end - box.start;
  if (size > MAX_INDEX_BYTES) {
    throw new HeaderFault(
      'corrupt-header',
      `an index of ${size} bytes is larger than any real one`,
    );
  }
  if (box.end > window.sizeBytes) {
    const message = `the index (${box.type}) ends at ${box.end}, the file at ${window.sizeBytes}`;
    throw new HeaderFault('truncated-header', message, box.end);
  }
  // The headers of the next boxes come along: they are looked at next, and FFmpeg puts an empty one in front of the media.
  const bytes = await window.read(box.start, size + 64);
  const view = new ByteView(bytes.subarray(0, size));
  const outer = boxesIn(view, 0, view.length)[0];
  if (outer === undefined) throw new HeaderFault('corrupt-header', `the ${box.type} box is broken`);
  return { view, outer };
}
