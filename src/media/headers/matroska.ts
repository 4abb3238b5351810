import type { ByteWindow } from '../byte-window.ts';
import type { Magic } from '../magic.ts';
import {
  ELEMENT_HEAD_BYTES,
  elementMap,
  elementsIn,
  floatOf,
  readElementHead,
  textOf,
  unsignedOf,
} from './ebml.ts';
import { HeaderFault } from './header-fault.ts';
import { scanBlocks, type BlockScan } from './matroska-blocks.ts';
import { readTracks, type MatroskaTrack } from './matroska-tracks.ts';
import type { AudioTrack, MediaHeader, PacketTable, VideoTrack } from './media-header.ts';
import { PEEK_BYTES, mergeFacts, readCodecPacket, wantsPeek } from './video-codec.ts';

const EBML = 0x1a_45_df_a3;
const SEGMENT = 0x18_53_80_67;
const SEEK_HEAD = 0x11_4d_9b_74;
const INFO = 0x15_49_a9_66;
const TRACKS = 0x16_54_ae_6b;
const CLUSTER = 0x1f_43_b6_75;
const ATTACHMENTS = 0x19_41_a4_69;

/** Largest Info, Tracks or SeekHead that is read. */
const MAX_HEAD_ELEMENT_BYTES = 16 * 1024 * 1024;
const MAX_TOP_ELEMENTS = 10_000;

/** What lies in front of the first cluster. */
type Head = {
  segmentStart: number;
  /** Null: unknown size, to the end of the file. */
  segmentEnd: number | null;
  scale_ns: number;
  duration: number | null;
  tracks: MatroskaTrack[];
  pictures: number;
  /** Positions of elements behind the clusters, by id. */
  seeks: Map<number, number>;
  clusterStart: number | null;
  index_bytes: number;
};

/**
 * Reads the header of a Matroska or WebM file, and with `isScanning` the header of every block.
 *
 * The header alone costs the first 32 KB. Throws {@link HeaderFault}.
 */
export async function readMatroska(
  window: ByteWindow,
  format: Magic,
  isScanning: boolean,
  spent: () => number,
): Promise<MediaHeader> {
  const head = await readHead(window);
  const videos = head.tracks.filter((track) => track.video !== null);
  const audios = head.tracks.filter((track) => track.audio !== null);
  const videoTrack = videos.find((track) => track.isDefault) ?? videos[0] ?? null;
  const audioTrack = audios[0] ?? null;
  const before = spent();
  const scan =
    head.clusterStart === null
      ? null
      : await scanBlocks(window, {
          start: head.clusterStart,
          end: head.segmentEnd ?? window.sizeBytes,
          videoTrack: videoTrack?.number ?? -1,
          audioTrack: audioTrack?.number ?? -1,
          strippedBytes: videoTrack?.strippedBytes ?? 0,
          isOpen: head.segmentEnd === null,
          isHeldOnly: !isScanning,
        });
  const video = await readVideoTrack(window, head, videoTrack, scan);
  const isAll = isScanning || scan?.isComplete === true;
  return {
    format,
    isFragmented: null,
    isFaststart: true,
    index_bytes: head.index_bytes + (scan?.cuesBytes ?? 0),
    duration_s: head.duration === null ? null : (head.duration * head.scale_ns) / 1e9,
    video,
    audio: readAudioTrack(head, audioTrack, isAll ? scan : null),
    videoTrackCount: videos.length,
    audioTrackCount: audios.length,
    attachedPictureCount: head.pictures,
    declaredEnd_bytes: declaredEnd(window, head, scan),
    scannedBytes: isScanning ? spent() - before : 0,
    fault: null,
  };
}

/** The segment's own end; where that is unknown, the end of the last element that was seen. */
function declaredEnd(window: ByteWindow, head: Head, scan: BlockScan | null): number | null {
  if (head.segmentEnd !== null) return head.segmentEnd;
  return scan === null || !(scan.isComplete || scan.declaredEnd > window.sizeBytes)
    ? null
    : scan.declaredEnd;
}

async function readHead(window: ByteWindow): Promise<Head> {
  const ebml = readElementHead(await window.read(0, ELEMENT_HEAD_BYTES));
  if (ebml === null || ebml.id !== EBML || ebml.size === null) {
    throw new HeaderFault('corrupt-header', 'the EBML header is broken');
  }
  const segmentAt = ebml.headSize + ebml.size;
  const segment = readElementHead(await window.read(segmentAt, ELEMENT_HEAD_BYTES));
  if (segment === null || segment.id !== SEGMENT) {
    const isCut = segmentAt + ELEMENT_HEAD_BYTES > window.sizeBytes;
    const code = isCut ? 'truncated-header' : 'corrupt-header';
    throw new HeaderFault(code, 'no Segment behind the EBML header', isCut ? segmentAt : null);
  }
  const segmentStart = segmentAt + segment.headSize;
  const head: Head = {
    segmentStart,
    segmentEnd: segment.size === null ? null : segmentStart + segment.size,
    scale_ns: 1_000_000,
    duration: null,
    tracks: [],
    pictures: 0,
    seeks: new Map(),
    clusterStart: null,
    index_bytes: 0,
  };
  await walkHead(window, head, segmentStart);
  for (const id of [INFO, TRACKS, ATTACHMENTS]) {
    const at = head.seeks.get(id);
    const isBehind = head.clusterStart !== null && at !== undefined && at > head.clusterStart;
    if (isBehind && (id !== TRACKS || head.tracks.length === 0))
      await takeElement(window, head, at);
  }
  if (head.tracks.length === 0) {
    const end = Math.max(head.segmentEnd ?? 0, head.index_bytes);
    throw end > window.sizeBytes
      ? new HeaderFault(
          'truncated-header',
          `the file ends before its Tracks, the Segment at ${end}`,
          end,
        )
      : new HeaderFault('corrupt-header', 'no Tracks in the Segment', head.segmentEnd);
  }
  return head;
}

async function walkHead(window: ByteWindow, head: Head, start: number): Promise<void> {
  let at = start;
  const end = Math.min(head.segmentEnd ?? window.sizeBytes, window.sizeBytes);
  for (let count = 0; at < end && count < MAX_TOP_ELEMENTS; count++) {
    const next = await takeElement(window, head, at);
    if (next === null) break;
    at = next;
  }
  head.index_bytes = head.clusterStart ?? at;
}

/** Reads one element at the top of the segment and returns where the next one begins; `null` at a cluster or junk. */
async function takeElement(window: ByteWindow, head: Head, at: number): Promise<number | null> {
  const element = readElementHead(await window.read(at, ELEMENT_HEAD_BYTES));
  if (element === null) return null;
  if (element.id === CLUSTER) {
    head.clusterStart ??= at;
    return null;
  }
  if (element.size === null) return null;
  const data = at + element.headSize;
  const end = data + element.size;
  if (element.id === ATTACHMENTS) head.pictures += await countPictures(window, data, end);
  const isWanted = element.id === INFO || element.id === TRACKS || element.id === SEEK_HEAD;
  if (!isWanted) return end;
  if (element.size > MAX_HEAD_ELEMENT_BYTES) {
    throw new HeaderFault('corrupt-header', `a header element of ${element.size} bytes`);
  }
  const body = await window.read(data, element.size);
  if (body.length < element.size) {
    const message = `a header element ends at ${end}, the file at ${window.sizeBytes}`;
    throw new HeaderFault('truncated-header', message, Math.max(end, head.segmentEnd ?? 0));
  }
  if (element.id === INFO) {
    const fields = elementMap(body);
    head.scale_ns = unsignedOf(fields.get(0x2a_d7_b1)) || 1_000_000;
    const duration = floatOf(fields.get(0x44_89));
    head.duration = duration !== null && duration > 0 && duration < 1e15 ? duration : null;
  } else if (element.id === TRACKS) {
    head.tracks = readTracks(body);
  } else {
    readSeeks(head, body);
  }
  return end;
}

function readSeeks(head: Head, body: Uint8Array): void {
  for (const entry of elementsIn(body).slice(0, 100)) {
    const fields = elementMap(entry.data);
    const id = unsignedOf(fields.get(0x53_ab));
    const position = unsignedOf(fields.get(0x53_ac));
    if (id !== null && position !== null) head.seeks.set(id, head.segmentStart + position);
  }
}

/** Attached files of an image type; the files themselves are stepped over. */
async function countPictures(window: ByteWindow, start: number, end: number): Promise<number> {
  let pictures = 0;
  let at = start;
  const limit = Math.min(end, window.sizeBytes);
  for (let count = 0; at < limit && count < MAX_TOP_ELEMENTS; count++) {
    const element = readElementHead(await window.read(at, ELEMENT_HEAD_BYTES));
    if (element === null || element.size === null) break;
    const data = at + element.headSize;
    if (element.id === 0x46_60) {
      const type = textOf(await window.read(data, Math.min(element.size, 200)));
      if (type?.startsWith('image/') === true) pictures += 1;
    }
    at = element.id === 0x61_a7 ? data : data + element.size;
  }
  return pictures;
}

async function readVideoTrack(
  window: ByteWindow,
  head: Head,
  track: MatroskaTrack | null,
  scan: BlockScan | null,
): Promise<VideoTrack | null> {
  if (track === null || track.video === null) return null;
  const timing = {
    ticksPerSecond: 1e9 / head.scale_ns,
    edits: [],
    declaredTicks: null,
    packets: scan === null ? null : packetTable(scan, track.video, head),
  };
  const video = { ...track.video, ...timing };
  const first = scan?.firstOffset ?? null;
  if (first === null || !wantsPeek(video.codec, video.facts)) return video;
  const size = Math.min(scan?.sizes[0] ?? 0, PEEK_BYTES);
  const packet = window.held(first, size) ?? (await window.read(first, size));
  const facts = mergeFacts(video.facts, readCodecPacket(video.codec, packet));
  return {
    ...video,
    facts,
    width_px: facts.width_px ?? video.width_px,
    height_px: facts.height_px ?? video.height_px,
  };
}

function packetTable(
  scan: BlockScan,
  video: { frameDuration_s: number | null },
  head: Head,
): PacketTable {
  const declared =
    video.frameDuration_s === null ? null : (video.frameDuration_s * 1e9) / head.scale_ns;
  return {
    source: 'index',
    isComplete: scan.isComplete,
    sizes_bytes: Int32Array.from(scan.sizes),
    ptsTicks: Float64Array.from(scan.times),
    keyframes: Int32Array.from(scan.keyframes),
    offsets_bytes: null,
    lastDurationTicks: scan.lastDuration ?? declared,
    durationTicks: null,
  };
}

function readAudioTrack(
  head: Head,
  track: MatroskaTrack | null,
  scan: BlockScan | null,
): AudioTrack | null {
  if (track === null || track.audio === null) return null;
  const first = scan?.firstAudioTime ?? null;
  const last = scan?.lastAudioTime ?? null;
  if (scan === null || first === null || last === null) {
    return { ...track.audio, start_s: null, duration_s: null };
  }
  const step = scan.audioBlocks > 1 ? (last - first) / (scan.audioBlocks - 1) : 0;
  const seconds = head.scale_ns / 1e9;
  return {
    ...track.audio,
    start_s: first * seconds - track.delay_ns / 1e9,
    duration_s: (last - first + step) * seconds,
  };
}
