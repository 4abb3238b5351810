import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a second, independent tool says of a file; numbers as it prints them. */
export type ProbedStream = {
  readonly codec_type?: string;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly pix_fmt?: string;
  readonly sample_aspect_ratio?: string;
  readonly r_frame_rate?: string;
  readonly avg_frame_rate?: string;
  readonly start_time?: string;
  readonly duration?: string;
  readonly nb_frames?: string;
  readonly nb_read_frames?: string;
  readonly color_range?: string;
  readonly color_space?: string;
  readonly color_transfer?: string;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly side_data_list?: readonly { readonly rotation?: number }[];
};

const run = promisify(execFile);

/** Whether the tool is on the path. */
export async function hasFfprobe(): Promise<boolean> {
  return run('ffprobe', ['-version']).then(
    () => true,
    () => false,
  );
}

/** The streams of a file, decoded so that frames are counted, and what the tool complained about. */
export async function ffprobe(
  file: string,
): Promise<{ readonly streams: readonly ProbedStream[]; readonly complaints: string }> {
  const args = ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', file];
  const { stdout, stderr } = await run('ffprobe', args).catch((error: unknown) => {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error) {
      return { stdout: String(error.stdout), stderr: String(error.stderr) };
    }
    throw error;
  });
  const parsed: { streams?: readonly ProbedStream[] } = JSON.parse(stdout === '' ? '{}' : stdout);
  return { streams: parsed.streams ?? [], complaints: stderr };
}

/** Which video packets, counted from 0, are keyframes. */
export async function keyframePackets(file: string): Promise<readonly number[]> {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=flags'];
  const { stdout } = await run('ffprobe', [...args, '-of', 'csv=p=0', file]);
  const flags = stdout.split('\n').filter((line) => line !== '');
  return flags.flatMap((flag, index) => (flag.startsWith('K') ? [index] : []));
}
