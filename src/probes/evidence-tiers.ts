import type { Tier } from '../config/config.ts';
import { EVIDENCE_TABLES, type EvidenceTable } from './evidence-tables.ts';

/** The cheapest tier that writes rows of each table. */
const TABLE_TIERS: Readonly<Record<EvidenceTable, Tier>> = {
  files: 'header',
  containers: 'header',
  packets: 'packets',
  images: 'header',
  frames: 'keyframes',
  audio: 'frames',
  latents: 'header',
};

/** What of the `images` table needs the pixels. */
const PIXELS_OF_IMAGES = [
  'decode_error_count',
  'decode_log',
  'luma_mean',
  'luma_spread',
  'luma_p1',
  'luma_p99',
  'entropy_bits',
  'sharpness',
  'mean_red',
  'mean_green',
  'mean_blue',
  'chroma_spread',
  'bar_top',
  'bar_bottom',
  'bar_left',
  'bar_right',
  'gradient_ratio',
  'green_share',
  'white_share',
  'transparent_share',
  'hidden_black_share',
  'dhash',
  'phash',
  'cell_colours',
] as const;

/** What of the `frames` table is told by neighbours in time. */
const NEIGHBOURS_OF_FRAMES = [
  'scene_score',
  'cut_distance',
  'duplicate_share',
  'duplicate_among',
  'duplicate_motion',
  'duplicate_period',
  'duplicate_score',
  'duplicate_spacing',
  'duplicate_evenness',
  'duplicate_beat',
  'duplicate_beat_contrast',
  'motion_median',
  'freeze_count',
  'freeze_longest_s',
  'freeze_start_s',
  'freeze_head_s',
  'freeze_tail_s',
  'motion_outside_freezes',
  'black_head_s',
  'black_tail_s',
  'black_longest_s',
  'order_score',
  'cut_distance',
  'comb_score',
  'comb_asymmetry',
  'comb_pair_count',
] as const;

/** What of the `frames` table is asked for a second time. */
const SEEKS_OF_FRAMES = [
  'seek_asked_count',
  'seek_missed_count',
  'seek_offset_s',
  'seek_difference',
] as const;

const COLUMN_TIERS: ReadonlyMap<string, Tier> = new Map<string, Tier>([
  ...PIXELS_OF_IMAGES.map((column) => [`images.${column}`, 'keyframes'] as const),
  ...NEIGHBOURS_OF_FRAMES.map((column) => [`frames.${column}`, 'frames'] as const),
  ['frames.seek_asked_count', 'full'],
  ['frames.seek_missed_count', 'full'],
  ['frames.seek_offset_s', 'full'],
  ['frames.seek_difference', 'full'],
  ['frames.combed_share', 'full'],
  ['frames.block_score', 'full'],
  ...SEEKS_OF_FRAMES.map((column) => [`frames.${column}`, 'full'] as const),
]);

/** What only the libraries measure, in this process: the `ffmpeg` program hands small pictures over and no sound. */
const LIBRARIES_ONLY: ReadonlySet<string> = new Set([
  'frames.comb_score',
  'frames.comb_asymmetry',
  'frames.comb_pair_count',
  'frames.luma_low',
  'frames.luma_high',
  'frames.softness',
  'frames.seek_asked_count',
  'frames.seek_missed_count',
  'frames.seek_offset_s',
  'frames.seek_difference',
  'frames.combed_share',
  'frames.block_score',
  ...SEEKS_OF_FRAMES.map((column) => `frames.${column}`),
  ...Object.keys(EVIDENCE_TABLES.audio).map((column) => `audio.${column}`),
]);

/** The cheapest tier at which a column of evidence is measured; null for what is no evidence. */
export function tierOfColumn(table: string, column: string): Tier | null {
  return COLUMN_TIERS.get(`${table}.${column}`) ?? tierOfTable(table);
}

/** The cheapest tier at which a table has rows; null for what is no evidence. */
export function tierOfTable(table: string): Tier | null {
  for (const [name, tier] of Object.entries(TABLE_TIERS)) if (name === table) return tier;
  return null;
}

/** Whether a decoder measures a column at all. */
export function isMeasuredBy(
  decoder: 'node-av' | 'ffmpeg',
  table: string,
  column: string,
): boolean {
  return decoder === 'node-av' || !LIBRARIES_ONLY.has(`${table}.${column}`);
}
