import { spawn } from 'node:child_process';

import type { CommandContext } from './command-context.ts';

/** The program that opens an address or a file as its owner would. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['explorer.exe'],
};

/** Opens a page in the user's browser; says so where that cannot be done, which is no failure of the run. */
export async function openInBrowser(target: string, context: CommandContext): Promise<void> {
  const [program, ...rest] = OPENERS[process.platform] ?? ['xdg-open'];
  const isStarted = await new Promise<boolean>((resolve) => {
    const child = spawn(program, [...rest, target], { detached: true, stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
  if (!isStarted) context.stderr.write(`note: ${program} cannot be started; open ${target}\n`);
}
