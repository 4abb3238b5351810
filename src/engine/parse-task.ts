import { isAbsolute } from 'node:path';

import { objectsIn } from '../media/decoders/plain-objects.ts';
import { fileMedium } from '../media/medium-text.ts';
import { parseAccess } from '../stores/parse-access.ts';
import { parseMedium } from '../media/parse-medium.ts';
import type { ProbeTask } from './task.ts';
import { isEvidenceTable } from '../probes/evidence-tables.ts';

const MEMBERS = new Set(['id', 'path', 'medium', 'access', 'version', 'wants', 'tier', 'decoder']);

/** Checks a task that came from outside; the text says what is wrong with it. */
export function parseTask(value: unknown): ProbeTask | string {
  const task = objectsIn([value])[0];
  if (task === undefined) return 'a task is a JSON object';
  const { id, path, wants, tier, decoder } = {
    id: task['id'],
    path: task['path'],
    wants: task['wants'],
    tier: task['tier'] ?? 'frames',
    decoder: task['decoder'] ?? 'auto',
  };
  const unknown = Object.keys(task).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) return `unknown member ${JSON.stringify(unknown.slice(0, 100))}`;
  if (typeof id !== 'string' || id === '') return 'id must be a text';
  const medium =
    task['medium'] === undefined
      ? typeof path === 'string' && isAbsolute(path)
        ? fileMedium(path)
        : 'path must be an absolute path'
      : (parseMedium(task['medium']) ?? 'medium must have a source, a range or null, and a name');
  if (typeof medium === 'string') return medium;
  if (!Array.isArray(wants)) return 'wants must be a list of evidence tables';
  const tables = wants.filter((name) => isEvidenceTable(name));
  if (tables.length !== wants.length) return 'wants names a table that does not exist';
  if (tier !== 'header' && tier !== 'keyframes' && tier !== 'frames' && tier !== 'full') {
    return 'tier must be header, keyframes, frames or full';
  }
  if (decoder !== 'auto' && decoder !== 'node-av' && decoder !== 'ffmpeg') {
    return 'decoder must be auto, node-av or ffmpeg';
  }
  const { access, version } = { access: task['access'], version: task['version'] };
  return {
    id,
    medium,
    ...(access === undefined ? {} : { access: parseAccess(access) }),
    ...(typeof version === 'string' ? { version } : {}),
    wants: tables,
    tier,
    decoder,
  };
}
