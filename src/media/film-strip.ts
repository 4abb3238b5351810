import type { StoreAccess } from '../stores/access.ts';
import { KillableChild } from './decoders/killable-child.ts';
import type { FilmStrip, FilmStripOptions } from './film-strip-request.ts';
import { handOver } from './hand-over.ts';
import type { Medium } from './medium.ts';
import { parseFilmStrip } from './parse-film-strip.ts';
import { dropScratchOf, scratchFor } from './scratch-folder.ts';

export type { FilmStrip, FilmStripOptions } from './film-strip-request.ts';

/** Processes that make strips. */
const LANES = 2;
const DEADLINE_S = 60;
/** A process above this is replaced. */
const MOST_RSS_BYTES = 600 * 1024 * 1024;

/** One process and the strips that wait for it. */
type Lane = { child: KillableChild | null; waiting: number; last: Promise<unknown> };

const lanes: Lane[] = Array.from({ length: LANES }, () => ({
  child: null,
  waiting: 0,
  last: Promise.resolve(),
}));

/**
 * Makes a film strip of a medium in a process of its own; null if the medium shows nothing or its decoder
 * crashed or took more than a minute. The processes stay for the next strips and go with the caller.
 */
export function makeFilmStrip(
  medium: Medium,
  access: StoreAccess,
  options: FilmStripOptions,
): Promise<FilmStrip | null> {
  const lane = lanes.reduce((least, each) => (each.waiting < least.waiting ? each : least));
  lane.waiting++;
  const made = lane.last.then(() => makeInLane(lane, medium, access, options));
  lane.last = made
    .catch(() => undefined)
    .finally(() => {
      lane.waiting--;
    });
  return made;
}

/** Ends the processes of {@link makeFilmStrip} at once. */
export async function closeFilmStrips(): Promise<void> {
  await Promise.all(
    lanes.map(async (lane) => {
      const { child } = lane;
      lane.child = null;
      await child?.kill();
      await dropScratchOf(child?.pid);
    }),
  );
}

async function makeInLane(
  lane: Lane,
  medium: Medium,
  access: StoreAccess,
  options: FilmStripOptions,
): Promise<FilmStrip | null> {
  const handed = await handOver(medium, access);
  if (!handed.ok) return null;
  if (lane.child?.isAlive !== true) lane.child = new KillableChild('src/media/film-strip-child.js');
  const { child } = lane;
  child.ref();
  if (!(await child.start())) {
    lane.child = null;
    return null;
  }
  const job = {
    medium: handed.medium,
    access: handed.access,
    options,
    scratch: await scratchFor(medium),
  };
  const end = await child.run(job, { deadline_s: DEADLINE_S });
  if (end.kind === 'crashed' || end.kind === 'timed-out') {
    lane.child = null;
    await dropScratchOf(child.pid);
    return null;
  }
  if (end.rss_bytes > MOST_RSS_BYTES) {
    lane.child = null;
    await child.kill();
    await dropScratchOf(child.pid);
  } else {
    child.unref();
  }
  return end.kind === 'answered' ? parseFilmStrip(end.answer) : null;
}
