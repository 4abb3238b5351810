import type { TextSink } from '../progress.ts';

/** What a command may touch of the process. */
export type CommandContext = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes the result. */
  readonly stdout: TextSink;
  /** Takes progress, notes and errors. */
  readonly stderr: TextSink;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
};

/** Whether a sink takes colours: a terminal, no `NO_COLOR` (https://no-color.org), no `--no-color`. */
export function wantsColor(context: CommandContext, sink: TextSink, flag: boolean): boolean {
  const isForbidden = (context.env['NO_COLOR'] ?? '') !== '' || context.env['TERM'] === 'dumb';
  return flag && sink.isTty && !isForbidden;
}
