import { serveJobs } from './decoders/serve-jobs.ts';
import { renderFilmStrip } from './render-film-strip.ts';
import { parseFilmStripJob } from './parse-film-strip.ts';

// The entry of a film strip process.
serveJobs(async (job) => {
  const { medium, access, options, scratch } = parseFilmStripJob(job);
  return renderFilmStrip(medium, access, options, scratch);
});
