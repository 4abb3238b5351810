import type * as NodeAv from 'node-av';
import { DailiesError } from '../../dailies-error.ts';

/** The FFmpeg libraries as npm brings them. */
export type LibAv = typeof NodeAv;

/**
 * Load the FFmpeg libraries and quiet their log; throws `engine` where the platform has no build of them.
 * Only the synchronous, low-level calls are used: the asynchronous iterators need Node 22.
 */
export async function loadLibAv(): Promise<LibAv> {
  try {
    const av = await import('node-av');
    // The AV1 encoder prints its settings unless this asks for errors alone.
    process.env['SVT_LOG'] ??= '1';
    av.Log.setLevel(av.AV_LOG_FATAL);
    return av;
  } catch (cause) {
    throw new DailiesError(
      'engine',
      'the FFmpeg libraries (npm package node-av) do not load here',
      {
        hint: 'install the optional dependency node-av on a platform it is built for',
        cause,
      },
    );
  }
}

/** Throws `engine` with the name of the step when an FFmpeg call returned an error code. */
export function assertDone(av: LibAv, code: number, step: string): void {
  if (code < 0) {
    throw new DailiesError('engine', `${step}: ${av.FFmpegError.strerror(code)}`);
  }
}

/** The value of a handle that FFmpeg may refuse to give; throws `engine` with the name of the step. */
export function assertGiven<T>(value: T | null | undefined, step: string): T {
  if (value === null || value === undefined) {
    throw new DailiesError('engine', step);
  }
  return value;
}
