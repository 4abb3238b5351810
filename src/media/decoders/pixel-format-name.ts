/** FFmpeg's pixel format name without the deprecated yuvj kind, which only says full range. */
export function plainPixelFormat(name: string | null): string | null {
  return name === null ? null : name.replace(/^yuvj/, 'yuv');
}

/** Bits per luma sample by FFmpeg's pixel format name. */
export function bitDepthOf(name: string | null): number | null {
  if (name === null) return null;
  const deep = /(9|10|12|14|16)(?:le|be)$/.exec(name)?.[1];
  return deep === undefined ? 8 : Number(deep);
}

/** A container's name by FFmpeg's demuxer name, of which a list starts with the one that matters. */
export function formatOf(demuxer: string | null): string {
  const first = demuxer?.split(',')[0] ?? 'unknown';
  return first === 'mov' ? 'mp4' : first;
}
