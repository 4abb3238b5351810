/** A colour of a palette, levels 0–255. */
type PaletteColour = readonly [red: number, green: number, blue: number];

const HEADER_BYTES = 13;

/**
 * The palette colour of the transparent pixels of a GIF's first frame: what readers show that drop transparency. Null if
 * the frame has none, or the file is damaged (GIF89a, sections 18 to 23).
 */
export function hiddenGifColour(bytes: Uint8Array): PaletteColour | null {
  const byte = (at: number): number => bytes[at] ?? 0;
  const shared = tableOf(byte(10), HEADER_BYTES);
  let at = shared.end;
  let transparent: number | null = null;
  while (at < bytes.length) {
    if (byte(at) === 0x2c) {
      const own = tableOf(byte(at + 9), at + 10);
      const { start, end } = own.end > own.start ? own : shared;
      if (transparent === null) return null;
      const entry = start + 3 * transparent;
      if (entry + 3 > Math.min(end, bytes.length)) return null;
      return [byte(entry), byte(entry + 1), byte(entry + 2)];
    }
    if (byte(at) !== 0x21) return null;
    if (byte(at + 1) === 0xf9 && byte(at + 2) === 4)
      transparent = (byte(at + 3) & 1) === 1 ? byte(at + 6) : null;
    at += 2;
    while (at < bytes.length && byte(at) !== 0) at += byte(at) + 1;
    at += 1;
  }
  return null;
}

/** Where the colour table lies that a packed field announces; empty if it announces none. */
function tableOf(packed: number, start: number): { readonly start: number; readonly end: number } {
  return { start, end: (packed & 0x80) === 0 ? start : start + 3 * 2 ** ((packed & 7) + 1) };
}
