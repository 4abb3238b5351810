import { ByteWindow } from '../../media/byte-window.ts';
import type { RangeReader } from '../../media/ranges.ts';

/** The bytes of a tar as a walk over its headers asks for them: forwards only. */
export type TarBytes = {
  /** Size of the whole tar; null where only reading to its end can tell. */
  readonly sizeBytes: number | null;
  /** Bytes [at, at + length), fewer at the end. `at` never goes back before what was read last. */
  readonly read: (at: number, length: number) => Promise<Uint8Array>;
};

/** A tar as it lies in a file or a store: bodies are jumped over, headers that lie close together come in one read. */
export function bytesOfReader(reader: RangeReader): TarBytes {
  const window = new ByteWindow(reader);
  return {
    sizeBytes: reader.sizeBytes,
    read: async (at, length) => window.held(at, length) ?? window.read(at, length),
  };
}

/** A tar that comes as a stream, out of a decompressor: bodies are read and thrown away. */
export function bytesOfStream(stream: AsyncIterator<Uint8Array>): TarBytes {
  let held: Uint8Array = new Uint8Array(0);
  /** Offset of the first byte in `held`. */
  let start = 0;
  let isDone = false;
  const next = async (): Promise<Uint8Array | null> => {
    if (isDone) return null;
    const step = await stream.next();
    if (step.done !== true) return step.value;
    isDone = true;
    return null;
  };
  return {
    sizeBytes: null,
    read: async (at, length) => {
      while (start + held.length <= at) {
        const chunk = await next();
        start += held.length;
        held = chunk ?? new Uint8Array(0);
        if (chunk === null) return held;
      }
      const parts = [held.subarray(at - start)];
      let size = parts[0]?.length ?? 0;
      while (size < length) {
        const chunk = await next();
        if (chunk === null) break;
        parts.push(chunk);
        size += chunk.length;
      }
      held = parts.length === 1 ? (parts[0] ?? held) : Buffer.concat(parts);
      start = at;
      return held.subarray(0, length);
    },
  };
}
