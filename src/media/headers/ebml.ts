import { ByteView } from './byte-view.ts';

/** Head of an EBML element (RFC 8794): where its data begins and how long it says it is. */
type ElementHead = {
  readonly id: number;
  /** Bytes of id and size. */
  readonly headSize: number;
  /** `null`: unknown, the element ends where its parent does or a sibling begins. */
  readonly size: number | null;
};

/** Bytes that an element head has at most. */
export const ELEMENT_HEAD_BYTES = 12;

/** The element head at the start of `bytes`, `null` if there is none. */
export function readElementHead(bytes: Uint8Array): ElementHead | null {
  const first = bytes[0];
  if (first === undefined || first < 0x10) return null;
  const idSize = Math.clz32(first) - 23;
  if (bytes.length <= idSize) return null;
  let id = 0;
  for (let i = 0; i < idSize; i++) id = id * 256 + (bytes[i] ?? 0);
  const size = readVint(bytes, idSize);
  if (size === null) return null;
  return { id, headSize: idSize + size.length, size: size.value };
}

/** A variable-size integer at `at`; value `null` is the reserved "unknown". */
export function readVint(
  bytes: Uint8Array,
  at: number,
): { readonly value: number | null; readonly length: number } | null {
  const first = bytes[at];
  if (first === undefined || first === 0) return null;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return null;
  let value = first & (0xff >> length);
  let isUnknown = value === 0xff >> length;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    isUnknown &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value: isUnknown ? null : value, length };
}

/** An element whose data are held in memory. */
type Element = { readonly id: number; readonly data: Uint8Array };

const MAX_CHILDREN = 10_000;

/** Children of an element's data, in order; stops at the first that makes no sense. */
export function elementsIn(data: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < data.length && elements.length < MAX_CHILDREN;) {
    const head = readElementHead(data.subarray(at, at + ELEMENT_HEAD_BYTES));
    if (head === null) break;
    const start = at + head.headSize;
    const end = head.size === null ? data.length : Math.min(start + head.size, data.length);
    elements.push({ id: head.id, data: data.subarray(start, end) });
    at = end;
  }
  return elements;
}

/** Children by id; the first of each counts. */
export function elementMap(data: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const map = new Map<number, Uint8Array>();
  for (const { id, data: body } of elementsIn(data)) if (!map.has(id)) map.set(id, body);
  return map;
}

/** An unsigned number of 0 to 8 bytes, `null` if the element is absent. */
export function unsignedOf(data: Uint8Array | undefined): number | null {
  if (data === undefined || data.length > 8) return null;
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  return value;
}

/** A float of 4 or 8 bytes, `null` if the element is absent or neither. */
export function floatOf(data: Uint8Array | undefined): number | null {
  if (data === undefined) return null;
  if (data.length === 4) return new ByteView(data).f32(0);
  return data.length === 8 ? new ByteView(data).f64(0) : null;
}

/** A string up to its first zero byte, at most 200 bytes. */
export function textOf(data: Uint8Array | undefined): string | null {
  if (data === undefined) return null;
  const end = data.indexOf(0);
  return Buffer.from(data.subarray(0, Math.min(200, end < 0 ? data.length : end))).toString(
    'latin1',
  );
}
