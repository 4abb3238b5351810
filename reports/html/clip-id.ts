/**
 * A short name for a clip that is safe in markup: 64 bits of FNV-1a over shard, row and key, as hex.
 * Only links the table to the static clips of the same page.
 */
export function clipId(clip: {
  readonly shard: string | null;
  readonly rowNumber: number | null;
  readonly key: string | null;
}): string {
  const text = JSON.stringify([clip.shard, clip.rowNumber, clip.key]);
  let low = 0x81_1c_9d_c5;
  let high = 0x01_00_01_93;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01_00_01_93);
    high = Math.imul(high ^ (unit + index), 0x01_00_01_93);
  }
  return [low, high].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
}
