/** What kind of file the first bytes show, whatever its name says. */
export type Magic =
  | 'mp4'
  | 'mov'
  | 'matroska'
  | 'webm'
  | 'avi'
  | 'wav'
  | 'mpegts'
  | 'mpegps'
  | 'flv'
  | 'ogg'
  | 'asf'
  | 'gif'
  | 'jpeg'
  | 'png'
  | 'webp'
  | 'avif'
  | 'heic'
  | 'jxl'
  | 'jpeg2000'
  | 'bmp'
  | 'tiff'
  | 'svg'
  | 'html'
  | 'json'
  | 'xml'
  | 'text'
  | 'pdf'
  | 'zip'
  | 'gzip'
  | 'zstd'
  | 'tar'
  | 'mp3'
  | 'flac'
  | 'parquet'
  | 'arrow'
  | 'npy'
  | 'git-lfs'
  | 'zeros'
  | 'empty'
  | 'unknown';

/** Bytes from the start of a file that {@link detectMagic} wants to see; it makes do with fewer. */
export const MAGIC_BYTES = 1024;

/** Files that begin with these bytes (Latin-1). */
const PREFIXES: readonly (readonly [string, Magic])[] = [
  ['FLV\x01', 'flv'],
  ['OggS', 'ogg'],
  ['\x30\x26\xb2\x75\x8e\x66\xcf\x11', 'asf'],
  ['GIF87a', 'gif'],
  ['GIF89a', 'gif'],
  ['\xff\xd8\xff', 'jpeg'],
  ['\x89PNG\r\n\x1a\n', 'png'],
  ['\xff\x0a', 'jxl'],
  ['\x00\x00\x00\x0cJXL ', 'jxl'],
  ['\x00\x00\x00\x0cjP  ', 'jpeg2000'],
  ['II*\x00', 'tiff'],
  ['MM\x00*', 'tiff'],
  ['II+\x00', 'tiff'],
  ['%PDF-', 'pdf'],
  ['PK\x03\x04', 'zip'],
  ['PK\x05\x06', 'zip'],
  ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['ID3', 'mp3'],
  ['fLaC', 'flac'],
  ['PAR1', 'parquet'],
  ['ARROW1', 'arrow'],
  ['\x93NUMPY', 'npy'],
  ['version https://git-lfs', 'git-lfs'],
  ['\x00\x00\x01\xba', 'mpegps'],
];

/** Box types that open an MP4 or QuickTime file without `ftyp`. */
const QUICKTIME_BOXES: ReadonlySet<string> = new Set([
  'moov',
  'mdat',
  'wide',
  'free',
  'skip',
  'pnot',
]);

/** The kind of file that begins with `bytes`, which are its first {@link MAGIC_BYTES} or the whole of it. */
export function detectMagic(bytes: Uint8Array): Magic {
  if (bytes.length === 0) return 'empty';
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAGIC_BYTES));
  const text = head.toString('latin1');
  for (const [prefix, magic] of PREFIXES) if (text.startsWith(prefix)) return magic;
  return (
    isoMagic(text) ??
    riffMagic(text) ??
    ebmlMagic(text) ??
    packetMagic(head) ??
    (text.startsWith('BM') && head.length >= 26 && text.slice(6, 10) === '\0\0\0\0'
      ? 'bmp'
      : null) ??
    (text.slice(257, 262) === 'ustar' ? 'tar' : null) ??
    (head.every((byte) => byte === 0) ? 'zeros' : null) ??
    textMagic(head) ??
    'unknown'
  );
}

function isoMagic(text: string): Magic | null {
  const type = text.slice(4, 8);
  if (type === 'styp' || type === 'moof' || type === 'sidx') return 'mp4';
  if (type !== 'ftyp') return QUICKTIME_BOXES.has(type) ? 'mov' : null;
  const brand = text.slice(8, 12);
  if (brand === 'qt  ') return 'mov';
  if (brand === 'avif' || brand === 'avis') return 'avif';
  if (/^(?:hei[cxms]|hev[cxms])$/.test(brand)) return 'heic';
  if (brand === 'mif1' || brand === 'msf1') {
    return text.slice(16, 64).includes('avif') ? 'avif' : 'heic';
  }
  return 'mp4';
}

function riffMagic(text: string): Magic | null {
  if (!text.startsWith('RIFF') && !text.startsWith('RF64')) return null;
  const kind = text.slice(8, 12);
  if (kind === 'AVI ') return 'avi';
  if (kind === 'WEBP') return 'webp';
  return kind === 'WAVE' ? 'wav' : null;
}

/** EBML with its DocType (0x4282) in the first 80 bytes. */
function ebmlMagic(text: string): Magic | null {
  if (!text.startsWith('\x1a\x45\xdf\xa3')) return null;
  const at = text.indexOf('\x42\x82');
  return at >= 0 && at < 80 && text.slice(at + 3, at + 12).includes('webm') ? 'webm' : 'matroska';
}

/** Transport streams (188 bytes a packet, or 192 with time stamps) and bare MPEG audio. */
function packetMagic(head: Buffer): Magic | null {
  const isStream = (first: number, step: number): boolean =>
    head[first] === 0x47 &&
    (head[first + step] === 0x47 || head.length <= first + step) &&
    (head[first + 2 * step] === 0x47 || head.length <= first + 2 * step);
  if (head.length >= 188 && (isStream(0, 188) || isStream(4, 192))) return 'mpegts';
  const isAudio = head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2 && head.length > 4;
  return isAudio && ((head[2] ?? 0xf0) & 0xf0) !== 0xf0 ? 'mp3' : null;
}

function textMagic(head: Buffer): Magic | null {
  const isText = head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
    .toLowerCase();
  const replaced = head.length < MAGIC_BYTES && text.includes('\uFFFD');
  if (!isText || replaced) return null;
  if (/^<!doctype html|^<html|^<head|^<body/.test(text)) return 'html';
  if (
    /^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)?(?:<!doctype svg[^>]*>\s*)?<svg[\s>]/.test(text)
  ) {
    return 'svg';
  }
  if (text.startsWith('<?xml')) return text.includes('<html') ? 'html' : 'xml';
  if (/^\{\s*["}]|^\[\s*[[{"\d\]]/.test(text)) return 'json';
  return 'text';
}
