import { Worker } from 'node:worker_threads';

import { compileLate } from './compile-late.ts';
import { objectsIn } from './plain-objects.ts';

/**
 * A thread that watches while the main thread is inside a native call: when the parent is gone, the whole process group
 * goes. It is started with the parent's process id.
 */
const ORPHAN_WATCH = `
  const parent = require('node:worker_threads').workerData;
  setInterval(() => {
    if (process.ppid === parent) return;
    try { process.kill(-process.pid, 'SIGKILL'); } catch {}
    process.kill(process.pid, 'SIGKILL');
  }, 250);
`;

/**
 * The child's side of a KillableChild: answers one job after the other, says `ready` when it can, and goes
 * when the parent goes. `note` tells the parent something while the job runs.
 */
export function serveJobs(
  handle: (job: unknown, note: (note: unknown) => void) => Promise<unknown>,
): void {
  compileLate();
  const parent = Number(process.argv[2]);
  const watch = new Worker(ORPHAN_WATCH, { eval: true, workerData: parent });
  watch.unref();
  const serve = async (job: unknown): Promise<void> => {
    try {
      const answer = await handle(job, (note) => send({ kind: 'note', note }));
      send({ kind: 'answer', answer, rss_bytes: process.memoryUsage.rss() });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      send({ kind: 'failure', reason, rss_bytes: process.memoryUsage.rss() });
    }
  };
  process.on('message', (message) => {
    const content = objectsIn([message])[0];
    if (content?.['kind'] === 'job') void serve(content['job']);
  });
  process.on('disconnect', () => process.exit(0));
  send({ kind: 'ready' });
}

function send(message: Readonly<Record<string, unknown>>): void {
  // The parent may be gone: then the watch ends this process.
  process.send?.(message, undefined, undefined, () => undefined);
}
