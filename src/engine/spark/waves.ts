import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { objectsIn } from '../../media/decoders/plain-objects.ts';
import { toJsonLine } from '../json-line.ts';
import type { TravellingRow } from '../probe-medium.ts';
import type { ProbeTask, ProbeVerdict } from '../task.ts';
import { type EvidenceTable, isEvidenceTable } from '../../probes/evidence-tables.ts';

/** Tasks whose verdicts are committed together: `tasks.jsonl`, and `verdicts/` with `_SUCCESS` once all are there. */
export type Wave = { readonly folder: string; readonly size: number };

/** A week: no driver works on one wave for so long. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 3_600_000;

export const tasksFileOf = (wave: Wave): string => join(wave.folder, 'tasks.jsonl');
export const verdictsFolderOf = (wave: Wave): string => join(wave.folder, 'verdicts');

/** Cuts tasks into waves and writes their task files below `folder`. */
export async function writeWaves(
  folder: string,
  name: string,
  tasks: readonly ProbeTask[],
  size: number,
): Promise<readonly Wave[]> {
  const waves: Wave[] = [];
  for (let start = 0; start < tasks.length; start += size) {
    const part = tasks.slice(start, start + size);
    const wave = { folder: join(folder, `${name}-${waves.length}`), size: part.length };
    await mkdir(wave.folder, { recursive: true });
    const file = createWriteStream(tasksFileOf(wave));
    for (const task of part) {
      if (!file.write(`${toJsonLine(task)}\n`)) {
        await new Promise<void>((resolve) => file.once('drain', () => resolve()));
      }
    }
    file.end();
    await finished(file);
    waves.push(wave);
  }
  return waves;
}

/** Whether Spark has committed all that it writes to a folder. */
export async function isComplete(folder: string): Promise<boolean> {
  return access(join(folder, '_SUCCESS')).then(
    () => true,
    () => false,
  );
}

/** Whether the verdicts of a wave are committed: all of them, or none. */
export async function isCommitted(wave: Wave): Promise<boolean> {
  return isComplete(verdictsFolderOf(wave));
}

/** Waves of earlier, unfinished runs below `folder`. */
export async function listWaves(folder: string): Promise<readonly Wave[]> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return names.toSorted().map((name) => ({ folder: join(folder, name), size: 0 }));
}

/** Waves that nobody has committed for so long that nobody will. */
export async function listForgotten(folder: string): Promise<readonly Wave[]> {
  const forgotten: Wave[] = [];
  for (const wave of await listWaves(folder)) {
    const found = await stat(wave.folder).catch(() => null);
    const isOld = found !== null && Date.now() - found.mtimeMs > FORGOTTEN_AFTER_MS;
    if (isOld && !(await isCommitted(wave))) forgotten.push(wave);
  }
  return forgotten;
}

/** The task lines of a wave, as they were written. */
export async function* readTaskLines(wave: Wave): AsyncGenerator<string, void, undefined> {
  yield* linesOf(tasksFileOf(wave));
}

/** Verdicts of a committed wave. A line that is none is left out: whoever counts misses its task. */
export async function* readVerdicts(wave: Wave): AsyncGenerator<ProbeVerdict, void, undefined> {
  const folder = verdictsFolderOf(wave);
  for (const name of (await readdir(folder)).toSorted()) {
    if (!name.startsWith('part-')) continue;
    for await (const line of linesOf(join(folder, name))) {
      const verdict = verdictOf(line);
      if (verdict !== null) yield verdict;
    }
  }
}

export async function forgetWave(wave: Wave): Promise<void> {
  await rm(wave.folder, { recursive: true, force: true });
}

async function* linesOf(file: string): AsyncGenerator<string, void, undefined> {
  const raw = createReadStream(file);
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line !== '') yield line;
  }
}

function verdictOf(line: string): ProbeVerdict | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const verdict = objectsIn([value])[0];
  const id = verdict?.['id'];
  const outcome = verdict?.['outcome'];
  if (typeof id !== 'string' || (outcome !== 'ok' && outcome !== 'bad')) return null;
  const evidence: Partial<Record<EvidenceTable, TravellingRow>> = {};
  for (const [table, row] of Object.entries(objectsIn([verdict?.['evidence']])[0] ?? {})) {
    const content = objectsIn([row])[0];
    if (isEvidenceTable(table) && content !== undefined) evidence[table] = content;
  }
  const reason = verdict?.['reason'];
  return { id, outcome, evidence, ...(typeof reason === 'string' ? { reason } : {}) };
}
