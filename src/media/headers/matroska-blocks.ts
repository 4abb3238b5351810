import type { ByteWindow } from '../byte-window.ts';
import { ELEMENT_HEAD_BYTES, readElementHead, readVint } from './ebml.ts';
import { MAX_SAMPLES } from './media-header.ts';

const CLUSTER = 0x1f_43_b6_75;
const CUES = 0x1c_53_bb_6b;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const BLOCK_DURATION = 0x9b;
const REFERENCE_BLOCK = 0xfb;

/** What else may stand in a segment or cluster behind the first cluster; anything else is junk (RFC 9559 section 5.1). */
const PASSED_OVER: ReadonlySet<number> = new Set([
  0xec,
  0xbf,
  0xab,
  0xa7,
  0xfa,
  0x75_a1,
  0x75_a2,
  0xa4,
  0x58_54,
  0xaf,
  0xa2,
  0xfd,
  0x8e,
  0x12_54_c3_67,
  0x11_4d_9b_74,
  0x15_49_a9_66,
  0x16_54_ae_6b,
  0x10_43_a7_70,
  0x19_41_a4_69,
  CUES,
  TIMESTAMP,
  SIMPLE_BLOCK,
  BLOCK,
  BLOCK_DURATION,
  REFERENCE_BLOCK,
]);

/** Head of an element and of a block within: id, size, track number, time, flags, number of laces. */
const PEEK_BYTES = ELEMENT_HEAD_BYTES + 12;
/** More elements than ten hours of packets have: a scan of junk ends here. */
const MAX_ELEMENTS = 3_000_000;

/** Packets of the tracks that a scan was asked for. */
export type BlockScan = {
  readonly sizes: number[];
  /** Timestamps in units of TimestampScale, decode order. */
  readonly times: number[];
  readonly keyframes: number[];
  /** Duration of the last video block that states one. */
  lastDuration: number | null;
  firstOffset: number | null;
  firstAudioTime: number | null;
  lastAudioTime: number | null;
  audioBlocks: number;
  cuesBytes: number;
  /** Where the last element seen ends, by its own size. */
  declaredEnd: number;
  isComplete: boolean;
};

/** Which tracks count, and how far to look. */
type ScanPlan = {
  readonly start: number;
  readonly end: number;
  readonly videoTrack: number;
  readonly audioTrack: number;
  readonly strippedBytes: number;
  /** The segment states no size. */
  readonly isOpen: boolean;
  /** Looks only at what the window holds already. */
  readonly isHeldOnly: boolean;
};

/** A BlockGroup that is being walked through. */
type Group = { end: number; index: number | null; hasReference: boolean; duration: number | null };

/**
 * Walks from block header to block header and notes size, time and keyframe flag of each video packet.
 *
 * Reads no packet that is larger than what a look at the next header brings along anyway.
 */
export async function scanBlocks(window: ByteWindow, plan: ScanPlan): Promise<BlockScan> {
  const scan: BlockScan = {
    sizes: [],
    times: [],
    keyframes: [],
    lastDuration: null,
    firstOffset: null,
    firstAudioTime: null,
    lastAudioTime: null,
    audioBlocks: 0,
    cuesBytes: 0,
    declaredEnd: plan.start,
    isComplete: false,
  };
  const end = Math.min(plan.end, window.sizeBytes);
  let clusterTime = 0;
  let group: Group | null = null;
  let at = plan.start;
  for (let count = 0; count < MAX_ELEMENTS && scan.sizes.length < MAX_SAMPLES; count++) {
    if (group !== null && at >= group.end) {
      closeGroup(scan, group);
      group = null;
    }
    if (at >= end) {
      scan.isComplete = true;
      break;
    }
    const peeked: Uint8Array | null =
      window.held(at, PEEK_BYTES) ?? (plan.isHeldOnly ? null : await window.read(at, PEEK_BYTES));
    const head = peeked === null ? null : readElementHead(peeked);
    if (peeked === null) break;
    const isMaster = head?.id === CLUSTER || head?.id === BLOCK_GROUP;
    if (head === null || (!isMaster && !PASSED_OVER.has(head.id))) {
      // Where the segment states no end, it ends where junk begins.
      scan.isComplete = plan.isOpen;
      break;
    }
    const data: number = at + head.headSize;
    const elementEnd: number = head.size === null ? data : data + head.size;
    scan.declaredEnd = Math.max(scan.declaredEnd, elementEnd);
    if (head.id === CLUSTER) {
      at = data;
    } else if (head.id === BLOCK_GROUP) {
      group = { end: elementEnd, index: null, hasReference: false, duration: null };
      at = data;
    } else if (head.size === null) {
      break;
    } else {
      if (head.id === TIMESTAMP) clusterTime = numberIn(peeked, head.headSize, head.size);
      else if (head.id === CUES) scan.cuesBytes += elementEnd - at;
      else if (head.id === SIMPLE_BLOCK || head.id === BLOCK) {
        const index = addBlock(
          scan,
          plan,
          peeked,
          at,
          head.headSize,
          head.size,
          clusterTime,
          head.id,
        );
        if (group !== null && index !== null) group.index = index;
      } else if (group !== null && head.id === REFERENCE_BLOCK) group.hasReference = true;
      else if (group !== null && head.id === BLOCK_DURATION) {
        group.duration = numberIn(peeked, head.headSize, head.size);
      }
      at = elementEnd;
    }
  }
  if (group !== null) closeGroup(scan, group);
  return scan;
}

function closeGroup(scan: BlockScan, group: Group): void {
  if (group.index === null) return;
  if (!group.hasReference) scan.keyframes.push(group.index);
  scan.lastDuration = group.duration ?? scan.lastDuration;
}

function numberIn(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = at; i < Math.min(at + size, at + 8); i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/** Notes a block and returns its place among the video packets, `null` if it is none. */
function addBlock(
  scan: BlockScan,
  plan: ScanPlan,
  bytes: Uint8Array,
  at: number,
  headSize: number,
  size: number,
  clusterTime: number,
  id: number,
): number | null {
  const track = readVint(bytes, headSize);
  if (track === null || track.value === null) return null;
  const timeAt = headSize + track.length;
  const high = bytes[timeAt];
  const low = bytes[timeAt + 1];
  const flags = bytes[timeAt + 2];
  if (high === undefined || low === undefined || flags === undefined) return null;
  const time = clusterTime + (((high << 24) >> 16) | low);
  if (track.value === plan.audioTrack) {
    scan.firstAudioTime ??= time;
    scan.lastAudioTime = Math.max(scan.lastAudioTime ?? time, time);
    scan.audioBlocks += 1;
  }
  if (track.value !== plan.videoTrack) return null;
  const index = scan.sizes.length;
  scan.firstOffset ??= at + timeAt + 3;
  scan.sizes.push(
    Math.min(0x7f_ff_ff_ff, Math.max(0, size - track.length - 3 + plan.strippedBytes)),
  );
  scan.times.push(time);
  if (id === SIMPLE_BLOCK && (flags & 0x80) !== 0) scan.keyframes.push(index);
  return index;
}
