import { objectsIn } from '../media/decoders/plain-objects.ts';
import { serveJobs } from '../media/decoders/serve-jobs.ts';
import { parseTask } from './parse-task.ts';
import { probeMedium } from './probe-medium.ts';

// The entry of a probing process: takes tasks from the pool one by one.
serveJobs(async (job, tell) => {
  const content = objectsIn([job])[0];
  const task = parseTask(content?.['task']);
  if (typeof task === 'string') throw new Error(task);
  const scratch = content?.['scratch'];
  await probeMedium(task, typeof scratch === 'string' ? scratch : null, tell);
});
