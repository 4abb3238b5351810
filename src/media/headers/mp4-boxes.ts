import type { ByteView } from './byte-view.ts';

/** A box of ISO/IEC 14496-12 within the bytes that hold it: type, body and end as positions there. */
export type Box = {
  readonly type: string;
  readonly start: number;
  readonly body: number;
  /** Cut to the end of the parent. */
  readonly end: number;
};

const MAX_CHILDREN = 4096;

/** The boxes in [start, end), in order; stops at the first that makes no sense. */
export function boxesIn(view: ByteView, start: number, end: number): Box[] {
  const boxes: Box[] = [];
  const limit = Math.min(end, view.length);
  for (let at = start; at + 8 <= limit && boxes.length < MAX_CHILDREN;) {
    const declared = view.u32(at);
    const isLarge = declared === 1;
    if (isLarge && at + 16 > limit) break;
    const size = isLarge ? view.u64(at + 8) : declared === 0 ? limit - at : declared;
    const headSize = isLarge ? 16 : 8;
    if (size < headSize) break;
    const boxEnd = Math.min(at + size, limit);
    boxes.push({ type: view.fourcc(at + 4), start: at, body: at + headSize, end: boxEnd });
    at = boxEnd;
  }
  return boxes;
}

/** The first child of that type inside a box. */
export function childOf(view: ByteView, parent: Box, type: string): Box | null {
  return boxesIn(view, parent.body, parent.end).find((box) => box.type === type) ?? null;
}

/** The box that a chain of types leads to. */
export function descend(view: ByteView, parent: Box, ...types: readonly string[]): Box | null {
  let box: Box | null = parent;
  for (const type of types) {
    if (box === null) return null;
    box = childOf(view, box, type);
  }
  return box;
}

/** How many entries of `entrySize` bytes fit behind a full box's count, whatever the count says. */
export function entryCount(view: ByteView, box: Box, countAt: number, entrySize: number): number {
  if (countAt + 4 > box.end) return 0;
  const fits = Math.floor((box.end - countAt - 4) / entrySize);
  return Math.min(view.u32(countAt), Math.max(0, fits));
}
