#!/usr/bin/env node
import { type Actions, runCommandLine } from './commands/program.ts';
import type { TextSink } from './progress.ts';
import { VERSION } from './package-root.ts';

/** Exit code of a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Exit code of a run that came to no verdict. */
const INCOMPLETE = 3;

/** Commands load when they run, so that `--help` starts neither DuckDB nor a decoder. */
const ACTIONS: Actions = {
  scan: async (...args) => (await import('./commands/scan.ts')).runScan(...args),
  report: async (...args) => (await import('./commands/report.ts')).runReport(...args),
  serve: async (...args) => (await import('./commands/serve.ts')).runServe(...args),
  rules: async (...args) => (await import('./commands/rules.ts')).runRules(...args),
  init: async (...args) => (await import('./commands/init.ts')).runInit(...args),
  diff: async (...args) => (await import('./commands/diff.ts')).runDiff(...args),
  selftest: async (...args) => (await import('./commands/selftest.ts')).runSelftest(...args),
  worker: async (...args) => (await import('./commands/worker.ts')).runWorkerCommand(...args),
};

const interruption = new AbortController();

/** The first signal asks the run to end in order; the second ends it at once. */
function onSignal(): void {
  if (interruption.signal.aborted) process.exit(INTERRUPTED);
  interruption.abort();
}

/** A reader that has seen enough (`dailies rules | head`) closes the pipe: no failure, and the exit code stands. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}

function sinkOf(stream: NodeJS.WriteStream): TextSink {
  return {
    write: (text) => {
      stream.write(text);
    },
    // Undefined, whatever the types say, where it is no terminal.
    isTty: Object.is(stream.isTTY, true),
    columns: stream.columns || 80,
  };
}

process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);

// Should every handle close while the command still waits, Node ends the process: never silently, never with a green code.
let hasEnded = false;
process.exitCode = INCOMPLETE;
process.on('exit', () => {
  if (!hasEnded && !interruption.signal.aborted) {
    process.stderr.write('error: stopped without a verdict; this is a bug in dailies\n');
  }
});
process.exitCode = await runCommandLine(
  process.argv.slice(2),
  ACTIONS,
  {
    cwd: process.cwd(),
    env: process.env,
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    signal: interruption.signal,
  },
  VERSION,
);
hasEnded = true;
