import { execFile } from 'node:child_process';

import { ALLOWED_DEMUXERS, ALLOWED_PROTOCOLS } from './demuxers.ts';
import type { DecodeFailure } from './frame-stream.ts';
import { headerFaultOf, refuseFile } from './media-file.ts';
import { objectsIn } from './plain-objects.ts';

/** What ffprobe prints about a file: its JSON, unchecked but for being objects. */
type FfprobeDocument = {
  readonly ok: true;
  readonly format: Readonly<Record<string, unknown>>;
  readonly streams: readonly Readonly<Record<string, unknown>>[];
  readonly packets: readonly Readonly<Record<string, unknown>>[];
};

const TIMEOUT_MS = 120_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Asks a system ffprobe about a local file, packets included if wanted. */
export async function askFfprobe(
  command: string,
  path: string,
  options: { readonly packets: boolean },
): Promise<FfprobeDocument | DecodeFailure> {
  const refused = await refuseFile(path);
  if (refused !== null) return refused;
  const packets = ['-show_packets', '-show_entries', 'packet=stream_index,pts,dts,size,flags'];
  const { stdout, stderr } = await run(command, [
    '-hide_banner',
    '-loglevel',
    'error',
    '-protocol_whitelist',
    ALLOWED_PROTOCOLS,
    '-format_whitelist',
    ALLOWED_DEMUXERS,
    '-print_format',
    'json',
    '-show_format',
    '-show_streams',
    ...(options.packets ? packets : []),
    `file:${path}`,
  ]);
  const document = parseObject(stdout);
  const streams = objectsIn(document?.['streams']);
  const format = objectsIn([document?.['format']])[0];
  if (document === null || format === undefined || streams.length === 0) {
    return {
      ok: false,
      code: await headerFaultOf(path),
      message: stderr.trim().split('\n').at(-1) ?? 'ffprobe could not read the file',
    };
  }
  return { ok: true, format, streams, packets: objectsIn(document['packets']) };
}

/** The stream that a player would show, null if there is none: cover art does not count. */
export function videoStreamOf(document: FfprobeDocument): Readonly<Record<string, unknown>> | null {
  const video = document.streams.filter(
    (stream) =>
      stream['codec_type'] === 'video' &&
      objectsIn([stream['disposition']])[0]?.['attached_pic'] !== 1,
  );
  const main =
    video.find((stream) => objectsIn([stream['disposition']])[0]?.['default'] === 1) ?? video[0];
  return main ?? null;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return objectsIn([JSON.parse(text)])[0] ?? null;
  } catch {
    return null;
  }
}

function run(
  command: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES, windowsHide: true },
      (_error, stdout, stderr) => resolve({ stdout, stderr }),
    );
  });
}
