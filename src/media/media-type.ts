import type { Magic } from './magic.ts';

/** What a browser may be told that a file is. */
export type MediaType = {
  readonly type: string;
  readonly kind: 'video' | 'image';
  /** Ending of a file name, with its dot. */
  readonly ending: string;
};

/** Kinds of file that a page may show: pictures and films, nothing that can carry a script. */
const MEDIA_TYPES: Readonly<Partial<Record<Magic, MediaType>>> = {
  mp4: { type: 'video/mp4', kind: 'video', ending: '.mp4' },
  mov: { type: 'video/quicktime', kind: 'video', ending: '.mov' },
  webm: { type: 'video/webm', kind: 'video', ending: '.webm' },
  matroska: { type: 'video/x-matroska', kind: 'video', ending: '.mkv' },
  avi: { type: 'video/x-msvideo', kind: 'video', ending: '.avi' },
  mpegts: { type: 'video/mp2t', kind: 'video', ending: '.ts' },
  mpegps: { type: 'video/mpeg', kind: 'video', ending: '.mpg' },
  flv: { type: 'video/x-flv', kind: 'video', ending: '.flv' },
  ogg: { type: 'video/ogg', kind: 'video', ending: '.ogv' },
  jpeg: { type: 'image/jpeg', kind: 'image', ending: '.jpg' },
  png: { type: 'image/png', kind: 'image', ending: '.png' },
  gif: { type: 'image/gif', kind: 'image', ending: '.gif' },
  webp: { type: 'image/webp', kind: 'image', ending: '.webp' },
  avif: { type: 'image/avif', kind: 'image', ending: '.avif' },
  bmp: { type: 'image/bmp', kind: 'image', ending: '.bmp' },
};

/** The media type of a file with this magic; null for what is neither film nor picture (SVG is a document). */
export function mediaTypeOf(magic: Magic): MediaType | null {
  return MEDIA_TYPES[magic] ?? null;
}
