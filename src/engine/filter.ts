import { parseArgs } from 'node:util';

import { runWorker } from './worker.ts';

// The worker alone, without the rest of dailies: what travels to the machines of a cluster. As a forked child it is the
// prober, so that one file is enough.
if (process.send === undefined) {
  const { values } = parseArgs({ options: { workers: { type: 'string', default: '1' } } });
  const count = await runWorker(process.stdin, process.stdout, {
    workers: Math.max(1, Number.parseInt(values.workers, 10) || 1),
  });
  if (count.answered < count.tasks) {
    process.stderr.write(`${count.tasks - count.answered} of ${count.tasks} tasks got no answer\n`);
    process.exitCode = 2;
  }
} else {
  await import('./prober.ts');
}
