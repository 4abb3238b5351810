import { HEAD_BYTES } from './byte-window.ts';

/**
 * Reading that asks for the first 32 KB of a medium once, and keeps them: several probes begin there. What goes on behind them is
 * asked for from their end on.
 */
export function keepHead(
  sizeBytes: number,
  fetch: (start: number, length: number) => Promise<Uint8Array>,
): (start: number, length: number) => Promise<Uint8Array> {
  let head: Promise<Uint8Array> | null = null;
  return async (start, length) => {
    const from = Math.max(0, start);
    const end = Math.min(start + length, sizeBytes);
    if (end <= from) return new Uint8Array(0);
    if (from >= HEAD_BYTES) return fetch(from, end - from);
    head ??= fetch(0, Math.min(HEAD_BYTES, sizeBytes));
    const held = await head;
    if (end <= held.length) return held.subarray(from, end);
    const rest = await fetch(held.length, end - held.length);
    const joined = new Uint8Array(Math.max(0, held.length - from) + rest.length);
    joined.set(held.subarray(from));
    joined.set(rest, Math.max(0, held.length - from));
    return joined;
  };
}
