import type * as constants from 'node-av/constants';
import type * as lib from 'node-av/lib';

/** The parts of node-av that are used: the low-level synchronous API only. */
export type NodeAv = {
  readonly lib: typeof lib;
  readonly constants: typeof constants;
  /** Version of the FFmpeg libraries inside. */
  readonly version: string;
};

let loading: Promise<NodeAv | Error> | undefined;

/** Loads node-av once a process; an error if it is not installed or has no binary for this platform. */
export function loadNodeAv(): Promise<NodeAv | Error> {
  loading ??= load();
  return loading;
}

async function load(): Promise<NodeAv | Error> {
  try {
    const [library, values] = await Promise.all([
      import('node-av/lib'),
      import('node-av/constants'),
    ]);
    return { lib: library, constants: values, version: library.getFFmpegInfo().version };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
