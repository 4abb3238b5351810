import type { ByteView } from './byte-view.ts';
import { HeaderFault } from './header-fault.ts';
import { MAX_SAMPLES, type PacketTable } from './media-header.ts';
import { boxesIn, childOf, type Box } from './mp4-boxes.ts';
import type { FragmentDefaults } from './mp4-movie.ts';

/** Samples of all tracks that are walked through: audio has more of them than video. */
const MAX_VISITED = 4 * MAX_SAMPLES;

const NO_DEFAULTS: FragmentDefaults = { duration: 0, size_bytes: 0, flags: 0 };

/** Header of a track fragment with the defaults of `trex` filled in. */
type FragmentHeader = FragmentDefaults & { readonly trackId: number; readonly base: number | null };

/** Gathers the samples of the video track, and the time span of the audio track, from `moof` after `moof`. */
export class FragmentCollector {
  readonly #videoId: number;
  readonly #audioId: number;
  readonly #defaults: ReadonlyMap<number, FragmentDefaults>;
  readonly #fileBytes: number;
  readonly #sizes: number[] = [];
  readonly #pts: number[] = [];
  readonly #keyframes: number[] = [];
  readonly #nextDecode = new Map<number, number>();
  #videoTicks = 0;
  #lastDuration: number | null = null;
  #isComplete = true;
  #visited = 0;
  #audioStart: number | null = null;
  #audioTicks = 0;
  #firstVideoOffset: number | null = null;
  /** End of the sample data that the fragments speak of. */
  dataEnd_bytes = 0;

  constructor(
    videoId: number,
    audioId: number,
    defaults: ReadonlyMap<number, FragmentDefaults>,
    fileBytes: number,
  ) {
    this.#fileBytes = fileBytes;
    this.#videoId = videoId;
    this.#audioId = audioId;
    this.#defaults = defaults;
  }

  /** Takes in one `moof` held in `view`, which lies at `offset` in the file. */
  add(view: ByteView, moof: Box, offset: number): void {
    let dataEnd = offset;
    for (const traf of boxesIn(view, moof.body, moof.end)) {
      if (traf.type !== 'traf') continue;
      const header = this.#readHeader(view, traf);
      if (header === null) continue;
      this.#readDecodeTime(view, traf, header.trackId);
      for (const trun of boxesIn(view, traf.body, traf.end)) {
        if (trun.type !== 'trun') continue;
        dataEnd = this.#readRun(view, trun, header, header.base ?? offset, dataEnd);
      }
    }
    this.dataEnd_bytes = Math.max(this.dataEnd_bytes, dataEnd);
  }

  /** The video's packets so far, appended to those of the sample table in `moov`, which is empty as a rule. */
  packets(head: PacketTable | null): PacketTable {
    const before = head?.sizes_bytes.length ?? 0;
    const keys =
      head?.keyframes ?? (before > 0 ? Int32Array.from({ length: before }, (_, i) => i) : []);
    return {
      source: 'sample-table',
      isComplete: this.#isComplete && (head?.isComplete ?? true),
      sizes_bytes: Int32Array.from([...(head?.sizes_bytes ?? []), ...this.#sizes]),
      ptsTicks: Float64Array.from([...(head?.ptsTicks ?? []), ...this.#pts]),
      keyframes: Int32Array.from([...keys, ...this.#keyframes.map((index) => index + before)]),
      offsets_bytes: null,
      lastDurationTicks: this.#lastDuration ?? head?.lastDurationTicks ?? null,
      durationTicks: (head?.durationTicks ?? 0) + this.#videoTicks,
    };
  }

  /** Ticks of audio in the fragments and where they begin. */
  get audio(): { readonly startTicks: number | null; readonly ticks: number } {
    return { startTicks: this.#audioStart, ticks: this.#audioTicks };
  }

  /** Where the first video sample lies. */
  get firstVideoOffset_bytes(): number | null {
    return this.#firstVideoOffset;
  }

  /** `tfhd`, ISO/IEC 14496-12 section 8.8.7. */
  #readHeader(view: ByteView, traf: Box): FragmentHeader | null {
    const tfhd = childOf(view, traf, 'tfhd');
    if (tfhd === null) return null;
    const flags = view.u24(tfhd.body + 1);
    const trackId = view.u32(tfhd.body + 4);
    const defaults = this.#defaults.get(trackId) ?? NO_DEFAULTS;
    let at = tfhd.body + 8;
    const take = (bit: number, size: 4 | 8, otherwise: number): number => {
      if ((flags & bit) === 0) return otherwise;
      const value = size === 8 ? view.u64(at) : view.u32(at);
      at += size;
      return value;
    };
    const base = take(1, 8, -1);
    take(2, 4, 0);
    return {
      trackId,
      base: base < 0 ? null : base,
      duration: take(8, 4, defaults.duration),
      size_bytes: take(16, 4, defaults.size_bytes),
      flags: take(32, 4, defaults.flags),
    };
  }

  #readDecodeTime(view: ByteView, traf: Box, trackId: number): void {
    const tfdt = childOf(view, traf, 'tfdt');
    if (tfdt === null) return;
    const isLong = view.u8(tfdt.body) === 1;
    this.#nextDecode.set(trackId, isLong ? view.u64(tfdt.body + 4) : view.u32(tfdt.body + 4));
  }

  /** `trun`, section 8.8.8; returns where its data ends. */
  #readRun(
    view: ByteView,
    trun: Box,
    header: FragmentHeader,
    base: number,
    previousEnd: number,
  ): number {
    const flags = view.u24(trun.body + 1);
    const count = view.u32(trun.body + 4);
    let at = trun.body + 8;
    const offset = (flags & 1) === 0 ? previousEnd : base + view.i32(at);
    if ((flags & 1) !== 0) at += 4;
    const firstFlags = (flags & 4) === 0 ? null : view.u32(at);
    if ((flags & 4) !== 0) at += 4;
    const fields = [0x100, 0x200, 0x400, 0x800].filter((bit) => (flags & bit) !== 0).length;
    this.#visited += count;
    // Without a size for each, nothing but the size of the file bounds how many samples are claimed.
    const isBounded =
      (flags & 0x200) !== 0 || count * Math.max(1, header.size_bytes) <= this.#fileBytes;
    if (this.#visited > MAX_VISITED || !isBounded || at + count * fields * 4 > trun.end) {
      throw new HeaderFault(
        'corrupt-header',
        `a track run of ${count} samples does not fit its box`,
      );
    }
    const isVideo = header.trackId === this.#videoId;
    if (isVideo) this.#firstVideoOffset ??= offset;
    let time = this.#nextDecode.get(header.trackId) ?? 0;
    const start = time;
    let end = offset;
    for (let i = 0; i < count; i++) {
      const take = (bit: number, otherwise: number): number => {
        if ((flags & bit) === 0) return otherwise;
        at += 4;
        return view.u32(at - 4);
      };
      const duration = take(0x100, header.duration);
      const size = take(0x200, header.size_bytes);
      const own = take(0x400, i === 0 && firstFlags !== null ? firstFlags : header.flags);
      const composition = take(0x800, 0) | 0;
      if (isVideo) this.#addSample(size, time + composition, duration, (own & 0x1_00_00) === 0);
      time += duration;
      end += size;
    }
    this.#nextDecode.set(header.trackId, time);
    if (header.trackId === this.#audioId && count > 0) {
      this.#audioStart ??= start;
      this.#audioTicks += time - start;
    }
    return end;
  }

  #addSample(size: number, pts: number, duration: number, isKeyframe: boolean): void {
    this.#videoTicks += duration;
    this.#lastDuration = duration;
    if (this.#sizes.length >= MAX_SAMPLES) {
      this.#isComplete = false;
      return;
    }
    if (isKeyframe) this.#keyframes.push(this.#sizes.length);
    this.#sizes.push(Math.min(size, 0x7f_ff_ff_ff));
    this.#pts.push(pts);
  }
}
