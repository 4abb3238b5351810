import { tmpdir } from 'node:os';

import type { DecodeTier } from '../media/decoders/frame-stream.ts';
import { stretchesToFetch } from '../media/keyframe-stretches.ts';
import { LocalCopy, type Stretch } from '../media/local-copy.ts';
import type { Magic } from '../media/magic.ts';
import { isUrl } from '../media/medium-text.ts';
import { openMedium } from '../media/open-medium.ts';
import type { RangeReader } from '../media/ranges.ts';
import { scratchOfProcess } from '../media/scratch-folder.ts';
import { errorRow, type EvidenceTable } from '../probes/evidence-tables.ts';
import { probeAudio } from '../probes/audio.ts';
import { probeFile } from '../probes/files.ts';
import { probeFrames } from '../probes/frames.ts';
import { faultRows, type HeaderFallback, type HeaderRows, probeHeader } from '../probes/header.ts';
import { probeImage } from '../probes/images.ts';
import { probeLatents } from '../probes/latents.ts';
import { readHeaderWithLibav } from '../probes/libav-header.ts';
import { DEFAULT_STORE_ACCESS } from '../stores/access.ts';
import type { ProbeTask } from './task.ts';

/** A row of evidence as it travels: columns by name. */
export type TravellingRow = Readonly<Record<string, unknown>>;

/** What a probing process tells while a task runs. */
type ProbeNote =
  | { readonly kind: 'row'; readonly table: EvidenceTable; readonly row: TravellingRow }
  | { readonly kind: 'duration'; readonly duration_s: number }
  /** Time that was spent on waiting for a store. */
  | { readonly kind: 'waited'; readonly waited_s: number };

/** What a medium is by its first bytes or, where those say nothing, by its name. */
type MediumKind = 'image' | 'animation' | 'video';

const IMAGE_MAGIC: ReadonlySet<unknown> = new Set<Magic>([
  'jpeg',
  'png',
  'webp',
  'avif',
  'heic',
  'jxl',
  'jpeg2000',
  'bmp',
  'tiff',
  'svg',
]);
const VIDEO_MAGIC: ReadonlySet<unknown> = new Set<Magic>([
  'mp4',
  'mov',
  'matroska',
  'webm',
  'avi',
  'mpegts',
  'mpegps',
  'flv',
  'ogg',
  'asf',
]);
const IMAGE_EXTENSION = /^(jpe?g|png|webp|avif|heic|heif|jxl|jp2|bmp|tiff?|svg)$/;

/**
 * Looks at one medium in this process: a row for each table that the task wants and that fits the medium (pictures have
 * no packets, videos no EXIF), told as soon as it is known. Cheap looks come first: what they found survives a decoder
 * that crashes. `scratch` is the folder for copies of media that are no plain files; null if there are none.
 */
export async function probeMedium(
  task: ProbeTask,
  scratch: string | null,
  tell: (note: ProbeNote) => void,
): Promise<void> {
  const access = task.access ?? DEFAULT_STORE_ACCESS;
  const opened = await openMedium(task.medium, access, task.version ?? null);
  const file = await rowOf('files', () => probeFile(task.medium, opened));
  if (task.wants.includes('files')) tell({ kind: 'row', table: 'files', row: file });
  if (!opened.ok) {
    for (const table of task.wants.filter((each) => each !== 'files'))
      tell({ kind: 'row', table, row: errorRow(table, opened.code, opened.message) });
    return;
  }
  const timed = isUrl(task.medium.source)
    ? { ...opened, reader: timeReads(opened.reader, tell) }
    : opened;
  const copy = new LocalCopy(timed, () => scratchOfProcess(scratch ?? tmpdir(), process.pid));
  try {
    await lookInside(task, file, copy, tell);
  } finally {
    await copy.close();
  }
}

/** Tells after each read how long the store has kept us waiting: that is not the decoder's fault. */
function timeReads(reader: RangeReader, tell: (note: ProbeNote) => void): RangeReader {
  let waited_s = 0;
  return {
    sizeBytes: reader.sizeBytes,
    spent: reader.spent,
    close: reader.close,
    read: async (start, length) => {
      const from = performance.now();
      try {
        return await reader.read(start, length);
      } finally {
        waited_s += (performance.now() - from) / 1000;
        tell({ kind: 'waited', waited_s });
      }
    },
  };
}

async function lookInside(
  task: ProbeTask,
  file: TravellingRow,
  copy: LocalCopy,
  tell: (note: ProbeNote) => void,
): Promise<void> {
  const look = async (
    table: EvidenceTable,
    probe: () => Promise<TravellingRow>,
  ): Promise<TravellingRow | null> => {
    if (!task.wants.includes(table)) return null;
    const row = await rowOf(table, probe);
    tell({ kind: 'row', table, row });
    return row;
  };
  if (task.wants.includes('latents')) {
    await look('latents', () => probeLatents(copy.reader));
    return;
  }
  const images = { isHeaderOnly: task.tier === 'header' };
  const kind = kindOf(file);
  if (kind === 'image') {
    await look('images', () => probeImage(copy.reader, images));
    return;
  }
  if (kind === 'animation') {
    const image = await look('images', () => probeImage(copy.reader, images));
    if (image !== null && Number(image['page_count']) < 2) return;
  }
  // What is needed whole is fetched at once; if that fails, the looks themselves say why.
  if (needsWhole(task, file['magic'], copy)) await copy.whole();
  const header = await lookAtHeader(task, copy, tell);
  const { tier } = task;
  if (tier !== 'header') await look('frames', () => framesRow({ ...task, tier }, copy, header));
  if (!task.wants.includes('audio') || header?.containers.audio_track_count === 0) return;
  const audio = await audioRow(task, copy);
  if (audio !== null) tell({ kind: 'row', table: 'audio', row: audio });
}

/** Matroska files up to this size are fetched whole for their packets: their headers lie all over them. */
const WHOLE_SCAN_BYTES = 4_000_000;

/** Whether nearly all of a medium that is not a plain file will be read anyway. */
function needsWhole(task: ProbeTask, magic: unknown, copy: LocalCopy): boolean {
  if (copy.isInPlace) return false;
  const { wants, tier } = task;
  const isDecoded = tier !== 'header' && (wants.includes('frames') || wants.includes('audio'));
  const isIndexed = magic === 'mp4' || magic === 'mov';
  if (isDecoded && (tier !== 'keyframes' || !isIndexed)) return true;
  const isScanned = wants.includes('packets') && (magic === 'webm' || magic === 'matroska');
  return isScanned && copy.reader.sizeBytes <= WHOLE_SCAN_BYTES;
}

/**
 * What a decoder sees of a medium, which may have to be fetched for it: the keyframes alone, where they are wanted and an index
 * says where they lie. If the decoder has anything to say about such a file, the whole one decides.
 */
async function framesRow(
  task: ProbeTask & { readonly tier: DecodeTier },
  copy: LocalCopy,
  header: HeaderRows | null,
): Promise<TravellingRow> {
  const { tier, decoder } = task;
  const before = copy.reader.spent().bytesRead;
  const bytesRead = (): number =>
    copy.isInPlace ? copy.reader.sizeBytes : copy.reader.spent().bytesRead - before;
  const keyframes = await sparseStretches(task, copy, header);
  if (keyframes !== null) {
    const file = await copy.parts(keyframes);
    const row = file.ok ? await probeFrames(file.path, { tier, decoder, isSparse: true }) : null;
    if (row?.error_code === null && row.decode_error_count === 0)
      return { ...row, bytes_read: bytesRead() };
  }
  const file = await copy.whole();
  if (!file.ok) return errorRow('frames', file.code, file.message);
  return { ...(await probeFrames(file.path, { tier, decoder })), bytes_read: bytesRead() };
}

/** What a keyframe decode needs of a medium that would have to be fetched; null: all of it. */
async function sparseStretches(
  task: ProbeTask,
  copy: LocalCopy,
  header: HeaderRows | null,
): Promise<readonly Stretch[] | null> {
  if (task.tier !== 'keyframes' || copy.isInPlace || task.wants.includes('audio')) return null;
  return stretchesToFetch(task.decoder, copy.reader.sizeBytes, () => header?.keyframes?.() ?? null);
}

/** The row of a medium's sound; null if it has none, which is no fault. */
async function audioRow(task: ProbeTask, copy: LocalCopy): Promise<TravellingRow | null> {
  try {
    const file = await copy.whole();
    if (!file.ok) return errorRow('audio', file.code, file.message);
    return await probeAudio(file.path, { decoder: task.decoder });
  } catch (error) {
    return errorRow('audio', 'internal', textOf(error));
  }
}

function kindOf(file: TravellingRow): MediumKind {
  const magic = file['magic'];
  if (magic === 'gif') return 'animation';
  if (IMAGE_MAGIC.has(magic)) return 'image';
  const isNamedImage = IMAGE_EXTENSION.test(String(file['extension']));
  return isNamedImage && !VIDEO_MAGIC.has(magic) ? 'image' : 'video';
}

/**
 * Containers and packets come from one reading, which also tells how long a decode may take. Gives what was
 * read of the header, null if nobody looked.
 */
async function lookAtHeader(
  task: ProbeTask,
  copy: LocalCopy,
  tell: (note: ProbeNote) => void,
): Promise<HeaderRows | null> {
  const wants = task.wants.filter((table) => table === 'containers' || table === 'packets');
  // Videos want frames and containers together; for frames alone a header look still pays for a fair deadline.
  if (wants.length === 0 && !task.wants.includes('frames')) return null;
  let rows: HeaderRows;
  try {
    const fallback: HeaderFallback = async () => {
      const file = await copy.whole();
      return file.ok
        ? readHeaderWithLibav(file.path, task.decoder)
        : faultRows(file.code, file.message);
    };
    rows = await probeHeader(copy.reader, { wants, ...(wants.length === 0 ? {} : { fallback }) });
  } catch (error) {
    for (const table of wants)
      tell({ kind: 'row', table, row: errorRow(table, 'internal', textOf(error)) });
    return null;
  }
  const { duration_s } = rows.containers;
  if (duration_s !== null) tell({ kind: 'duration', duration_s });
  if (wants.includes('containers'))
    tell({ kind: 'row', table: 'containers', row: rows.containers });
  if (wants.includes('packets')) {
    const row = rows.packets ?? errorRow('packets', 'no-frames', 'no packets were read');
    tell({ kind: 'row', table: 'packets', row });
  }
  return rows;
}

/** A probe never throws for what a medium holds; if it does, the tool is at fault, and that is a row too. */
async function rowOf(
  table: EvidenceTable,
  probe: () => Promise<TravellingRow>,
): Promise<TravellingRow> {
  try {
    return await probe();
  } catch (error) {
    return errorRow(table, 'internal', textOf(error));
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
