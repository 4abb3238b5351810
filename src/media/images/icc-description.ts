/** The description in an ICC profile (ICC.1:2022, `desc` tag), null if it can't be read. At most 100 characters. */
export function iccDescription(profile: Uint8Array): string | null {
  const view = Buffer.from(profile.buffer, profile.byteOffset, profile.byteLength);
  try {
    const tags = Math.min(view.readUInt32BE(128), 100);
    for (let tag = 0; tag < tags; tag++) {
      const at = 132 + 12 * tag;
      if (view.toString('latin1', at, at + 4) !== 'desc') continue;
      return readText(view.subarray(view.readUInt32BE(at + 4)));
    }
  } catch {
    // A number past the end of the profile: it says nothing readable.
  }
  return null;
}

/** An old `desc` (ASCII) or a `mluc` (its first language, UTF-16BE). */
function readText(data: Buffer): string | null {
  const type = data.toString('latin1', 0, 4);
  if (type === 'desc')
    return clean(data.toString('latin1', 12, 12 + Math.min(data.readUInt32BE(8), 101)));
  if (type !== 'mluc') return null;
  const length = Math.min(data.readUInt32BE(20), 200) & ~1;
  const start = data.readUInt32BE(24);
  return clean(
    Buffer.from(data.subarray(start, start + length))
      .swap16()
      .toString('utf16le'),
  );
}

function clean(text: string): string {
  return text.replaceAll('\0', '').trim().slice(0, 100);
}
