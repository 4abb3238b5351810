import type { ByteView } from './byte-view.ts';
import type { Edit } from './media-header.ts';
import { descend, entryCount, type Box } from './mp4-boxes.ts';

/** The edit list of a track as presented stretches of media, in ticks of the media; empty if there is none. */
export function readEdits(
  view: ByteView,
  trak: Box,
  mediaScale: number,
  movieScale: number,
): Edit[] {
  const elst = descend(view, trak, 'edts', 'elst');
  if (elst === null || movieScale === 0) return [];
  const isLong = view.u8(elst.body) === 1;
  const size = isLong ? 20 : 12;
  const entries = Math.min(entryCount(view, elst, elst.body + 4, size), 10_000);
  const edits: Edit[] = [];
  let startTicks = 0;
  for (let i = 0; i < entries; i++) {
    const at = elst.body + 8 + size * i;
    const shown = isLong ? view.u64(at) : view.u32(at);
    const mediaStartTicks = isLong ? view.i64(at + 8) : view.i32(at + 4);
    const durationTicks = (shown * mediaScale) / movieScale;
    if (mediaStartTicks < 0) {
      startTicks += durationTicks;
      continue;
    }
    edits.push({
      startTicks,
      mediaStartTicks,
      durationTicks: shown === 0 ? Number.POSITIVE_INFINITY : durationTicks,
    });
    if (shown === 0) break;
    startTicks += durationTicks;
  }
  return edits;
}
