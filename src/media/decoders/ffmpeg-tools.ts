import { execFile } from 'node:child_process';

/** An installed ffmpeg or ffprobe: its command and version. */
export type FfmpegTool = { readonly command: string; readonly version: string };

const found = new Map<string, Promise<FfmpegTool | Error>>();

/** Finds a tool on the PATH, once a process. `DAILIES_FFMPEG` and `DAILIES_FFPROBE` name another one. */
export function findFfmpegTool(name: 'ffmpeg' | 'ffprobe'): Promise<FfmpegTool | Error> {
  const command = process.env[`DAILIES_${name.toUpperCase()}`] ?? name;
  let search = found.get(command);
  if (search === undefined) {
    search = askVersion(command, name);
    found.set(command, search);
  }
  return search;
}

function askVersion(command: string, name: string): Promise<FfmpegTool | Error> {
  return new Promise((resolve) => {
    execFile(command, ['-version'], { timeout: 20_000, windowsHide: true }, (error, stdout) => {
      const version = new RegExp(`^${name} version (\\S+)`).exec(stdout)?.[1];
      if (version !== undefined) resolve({ command, version });
      else resolve(error ?? new Error(`${command} is no ${name}`));
    });
  });
}
