import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Medium } from './medium.ts';
import { filePathOf } from './medium-text.ts';

/** The machine in the name: a folder for temporary files may be shared by machines and containers. */
const PREFIX = `dailies-media-${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;

let made: Promise<string> | null = null;

/**
 * The folder of this process for copies of media, below that for temporary files. It goes with the process; folders of processes
 * that were killed go when the next one makes its own.
 */
export function scratchFolder(): Promise<string> {
  made ??= make();
  return made;
}

/** {@link scratchFolder} for a medium that decoders cannot open where it lies; null for a plain file. */
export async function scratchFor(medium: Medium): Promise<string | null> {
  return filePathOf(medium) === null ? scratchFolder() : null;
}

/** The part of a scratch folder that belongs to one process that decodes. */
export async function scratchOfProcess(folder: string, pid: number): Promise<string> {
  const own = join(folder, String(pid));
  await mkdir(own, { recursive: true, mode: 0o700 });
  return own;
}

/** Removes what a process that has ended left in the scratch folder. */
export async function dropScratchOf(pid: number | undefined): Promise<void> {
  if (made === null || pid === undefined) return;
  await rm(join(await made, String(pid)), { recursive: true, force: true });
}

async function make(): Promise<string> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function sweep(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const pid = Number(name.slice(PREFIX.length).split('-')[0]);
    if (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
