import { serveJobs } from '../media/decoders/serve-jobs.ts';
import { DualEncoder } from './dual-encoder.ts';
import { parseEncoderJob } from './protocol.ts';

// The entry of the encoder process.
let encoder: DualEncoder | null = null;

serveJobs(async (message) => {
  const job = parseEncoderJob(message);
  if (job.kind === 'open') {
    encoder = await DualEncoder.load(job);
    return encoder.loaded;
  }
  if (encoder === null) throw new Error('no model is loaded');
  return job.kind === 'pictures' ? encoder.pictures(job.strips) : encoder.captions(job.captions);
});
