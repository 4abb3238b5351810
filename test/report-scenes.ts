import sharp from 'sharp';
import type { ClipCard } from '../src/run/document.ts';

/** What was done to the frames of a drawn clip. */
export type Defect =
  | 'none'
  | 'sideways'
  | 'squeezed'
  | 'frozen'
  | 'still'
  | 'letterboxed'
  | 'duplicated'
  | 'truncated'
  | 'black';

const FRAME_WIDTH_PX = 176;
const FRAME_HEIGHT_PX = 99;
const FRAMES = 8;

/** Draws a clip of a moving scene with a defect as one WebP strip, with the times and luma differences to go with it. */
export async function drawStrip(
  scene: number,
  defect: Defect,
  duration_s: number,
): Promise<Pick<ClipCard, 'strip' | 'difference'>> {
  const times_s = Array.from({ length: FRAMES }, (_, frame) => (frame * duration_s) / FRAMES);
  const isPortrait = defect === 'sideways';
  const width = isPortrait ? FRAME_HEIGHT_PX : FRAME_WIDTH_PX;
  const height = isPortrait ? FRAME_WIDTH_PX : FRAME_HEIGHT_PX;
  const frames = times_s.map((_, frame) => drawFrame(scene, defect, frame, width, height));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * FRAMES}" height="${height}">${frames
    .map(
      (frame, index) =>
        `<svg x="${index * width}" width="${width}" height="${height}">${frame}</svg>`,
    )
    .join('')}</svg>`;
  const webp = await sharp(Buffer.from(svg)).webp({ quality: 72 }).toBuffer();
  return {
    strip: {
      webpBase64: webp.toString('base64'),
      frameWidth_px: width,
      frameHeight_px: height,
      times_s,
    },
    difference: { values: differences(scene, defect), duration_s },
  };
}

function drawFrame(
  scene: number,
  defect: Defect,
  frame: number,
  width: number,
  height: number,
): string {
  const progress = timeOf(defect, frame) / FRAMES;
  const picture = drawScene(scene, progress);
  const black = `<rect width="${width}" height="${height}" fill="#000"/>`;
  if (defect === 'black' && frame >= 5) return black;
  if (defect === 'truncated' && frame >= 5)
    return `<rect width="${width}" height="${height}" fill="#6f7a6f"/><g opacity="0.35">${fit(picture, width, height)}</g>`;
  if (defect === 'sideways')
    return `<svg width="${width}" height="${height}" viewBox="${18 + progress * 74} 0 50 90" preserveAspectRatio="xMidYMid slice">${picture}</svg>`;
  if (defect === 'squeezed')
    return `${black}<svg x="${width * 0.14}" width="${width * 0.72}" height="${height}" viewBox="0 0 160 90" preserveAspectRatio="none">${picture}</svg>`;
  if (defect === 'letterboxed')
    return `${black}<svg y="${height * 0.13}" width="${width}" height="${height * 0.74}" viewBox="0 6 160 74" preserveAspectRatio="xMidYMid slice">${picture}</svg>`;
  return fit(picture, width, height);
}

function fit(picture: string, width: number, height: number): string {
  return `<svg width="${width}" height="${height}" viewBox="0 0 160 90" preserveAspectRatio="none">${picture}</svg>`;
}

function timeOf(defect: Defect, frame: number): number {
  if (defect === 'still') return 3;
  if (defect === 'frozen') return Math.min(frame, 3);
  return frame;
}

function differences(scene: number, defect: Defect): (number | null)[] {
  return Array.from({ length: 120 }, (_, index) => {
    if (index === 0) return null;
    const moving = 5 + 2.5 * Math.sin(index / 7 + scene) + ((index * 7919 + scene * 31) % 13) / 8;
    if (defect === 'still') return 0.03;
    if (defect === 'frozen') return index > 46 ? 0.05 : moving;
    if (defect === 'duplicated') return index % 5 === 4 ? 0.08 : moving;
    if (defect === 'black') return index === 75 ? 60 : index > 75 ? 0 : moving;
    return moving;
  });
}

function drawScene(scene: number, progress: number): string {
  const scenes = [harbour, road, ball, city, mountain];
  return (scenes[scene % scenes.length] ?? harbour)(progress);
}

function sky(id: string, top: string, bottom: string): string {
  return `<defs><linearGradient id="${id}" x2="0" y2="1"><stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient></defs><rect width="160" height="90" fill="url(#${id})"/>`;
}

function harbour(progress: number): string {
  const x = 20 + progress * 96;
  return `${sky('h', '#7fb4dc', '#f6dfc0')}<circle cx="${126 - progress * 14}" cy="26" r="8" fill="#fff3cf"/><path d="M0 52 30 38 58 50 92 34 128 49 160 41V60H0z" fill="#6d8798"/><rect y="56" width="160" height="34" fill="#2f6485"/><path d="M0 66h160M10 76h120M40 84h110" stroke="#4c86a8" stroke-width="1.5"/><g transform="translate(${x} 0)"><path d="M-16 60H16L10 69H-11z" fill="#7b2d26"/><path d="M-1 59V28L13 56z" fill="#fbfaf5"/><path d="M-3 59V33L-13 56z" fill="#e7e2d3"/></g>`;
}

function road(progress: number): string {
  const x = 10 + progress * 120;
  return `${sky('r', '#a8cfe6', '#eaf1ea')}<path d="M0 50Q40 30 84 46T160 40V90H0z" fill="#7d9c63"/><rect y="60" width="160" height="22" fill="#55565b"/><path d="M${-40 * progress} 71h200" stroke="#e9d77a" stroke-width="1.6" stroke-dasharray="12 9"/><g transform="translate(${x} 57)"><rect y="2" width="30" height="9" rx="3" fill="#c63d2f"/><path d="M6 2 10-4H21L25 2z" fill="#dfe8ee"/><circle cx="7" cy="12" r="3.3" fill="#17181a"/><circle cx="23" cy="12" r="3.3" fill="#17181a"/></g>`;
}

function ball(progress: number): string {
  const y = 66 - Math.abs(Math.sin(progress * Math.PI * 2.4)) * 46;
  return `${sky('b', '#cfe3f3', '#f8f4e8')}<rect y="72" width="160" height="18" fill="#88a95e"/><circle cx="${18 + progress * 122}" cy="${y}" r="8" fill="#d4502f"/><ellipse cx="${18 + progress * 122}" cy="76" rx="8" ry="1.8" fill="#5d7a3b"/><rect x="118" y="34" width="26" height="38" fill="#b98d5d"/><path d="M113 35 131 20 149 35z" fill="#7c3d2b"/>`;
}

function city(progress: number): string {
  const lights = Array.from({ length: 40 }, (_, light) => {
    const isLit = (light * 13 + Math.floor(progress * 8) * 5) % 7 > 2;
    return `<rect x="${8 + (light % 10) * 15}" y="${26 + Math.floor(light / 10) * 11}" width="5" height="6" fill="${isLit ? '#f8d98a' : '#2b3550'}"/>`;
  }).join('');
  return `${sky('c', '#131a33', '#3b3a5c')}<path d="M0 90V34H22V20H48V40H70V14H98V32H120V22H146V38H160V90z" fill="#1d2440"/>${lights}<circle cx="${150 - progress * 130}" cy="80" r="2.4" fill="#ffd0a0"/><circle cx="${10 + progress * 130}" cy="85" r="2.4" fill="#ff6a5a"/>`;
}

function mountain(progress: number): string {
  return `${sky('m', '#86b0d8', '#e9eef5')}<path d="M0 74 38 26 62 52 96 14 160 78V90H0z" fill="#71839a"/><path d="M28 39 38 26 48 37 42 36 38 41 33 36zM82 30 96 14 112 30 104 28 97 36 90 28z" fill="#fdfdff"/><path d="M0 72h160v18H0z" fill="#dfe7ee"/><g transform="translate(${14 + progress * 110} ${58 + progress * 16})"><circle r="3" fill="#1f3a5f"/><path d="M0 3 2 12M-7 13 9 10" stroke="#1f3a5f" stroke-width="2"/></g>`;
}
