import { serveJobs } from '../media/decoders/serve-jobs.ts';
import { parseTask } from './parse-task.ts';
import { probeMedium } from './probe-medium.ts';

// The entry of a probing process: takes tasks from the pool one by one.
serveJobs(async (job, tell) => {
  const task = parseTask(job);
  if (typeof task === 'string') throw new Error(task);
  await probeMedium(task, tell);
});
