import { DECODER_CHOICES } from './decoders/frame-stream.ts';
import { objectsIn } from './decoders/plain-objects.ts';
import type { FilmStrip, FilmStripJob } from './film-strip-request.ts';
import { parseAccess } from '../stores/parse-access.ts';
import { parseMedium } from './parse-medium.ts';

/** Reads a job as it comes from the other process; throws if it is none. */
export function parseFilmStripJob(value: unknown): FilmStripJob {
  const job = objectsIn([value])[0];
  const options = objectsIn([job?.['options']])[0];
  const medium = parseMedium(job?.['medium']);
  const scratch = job?.['scratch'];
  if (options === undefined || medium === null) throw new Error('no film strip job');
  const number = (name: string): number | undefined => {
    const option = options[name];
    return typeof option === 'number' && Number.isFinite(option) ? option : undefined;
  };
  const count = number('count');
  const maxWidth_px = number('maxWidth_px');
  const rotation_deg = number('rotation_deg');
  const sar = number('sar');
  const times = options['times'];
  const decoder = DECODER_CHOICES.find((choice) => choice === options['decoder']);
  return {
    medium,
    access: parseAccess(job?.['access']),
    scratch: typeof scratch === 'string' ? scratch : null,
    options: {
      kind: options['kind'] === 'image' ? 'image' : 'video',
      ...(decoder === undefined ? {} : { decoder }),
      ...(Array.isArray(times) ? { times: times.map(Number) } : {}),
      ...(count === undefined ? {} : { count }),
      ...(maxWidth_px === undefined ? {} : { maxWidth_px }),
      ...(rotation_deg === undefined ? {} : { rotation_deg }),
      ...(sar === undefined ? {} : { sar }),
      ...(options['withSound'] === true ? { withSound: true } : {}),
    },
  };
}

/** Reads an answer; null if it is no film strip. */
export function parseFilmStrip(value: unknown): FilmStrip | null {
  const answer = objectsIn([value])[0];
  const webpBase64 = answer?.['webpBase64'];
  const times_s = answer?.['times_s'];
  const sound = objectsIn([answer?.['sound']])[0];
  const levels_db = sound?.['levels_db'];
  if (typeof webpBase64 !== 'string' || !Array.isArray(times_s)) return null;
  return {
    webpBase64,
    frameWidth_px: Number(answer?.['frameWidth_px']),
    frameHeight_px: Number(answer?.['frameHeight_px']),
    times_s: times_s.map(Number),
    ...(Array.isArray(levels_db)
      ? { sound: { levels_db: levels_db.map(Number), window_s: Number(sound?.['window_s']) } }
      : {}),
  };
}
