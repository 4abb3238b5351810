import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';

import { OUTPUT_FORMATS, STDOUT_FORMATS } from '../config/config.ts';
import { printable } from '../config/schema-errors.ts';
import { DailiesError, type FailureCode } from '../dailies-error.ts';
import type { CommandContext } from './command-context.ts';
import { addDiffFlags, type DiffFlags } from './diff-flags.ts';
import type { InitFlags, ReportFlags, RulesFlags, ServeFlags, WorkerFlags } from './flags.ts';
import { addScanFlags, parseWorkers, type ScanFlags } from './scan-flags.ts';
import { addStoreFlags } from './store-flags.ts';

/** What each command does; each resolves to its exit code. */
export type Actions = {
  readonly diff: (
    before: string,
    after: string,
    flags: DiffFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly scan: (
    paths: readonly string[],
    flags: ScanFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly report: (
    run: string | undefined,
    flags: ReportFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly serve: (
    run: string | undefined,
    flags: ServeFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly rules: (
    id: string | undefined,
    flags: RulesFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly init: (
    paths: readonly string[],
    flags: InitFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly selftest?: (
    paths: readonly string[],
    flags: ScanFlags,
    context: CommandContext,
  ) => Promise<number>;
  readonly worker: (flags: WorkerFlags, context: CommandContext) => Promise<number>;
};

/** Exit codes of failures of the run; 0 and 1 are the verdict's. */
const EXIT_CODES = {
  usage: 2,
  config: 2,
  dataset: 2,
  engine: 3,
  interrupted: 130,
} as const satisfies Readonly<Record<FailureCode, number>>;

/** Exit code of a failure that nobody foresaw: the run is not to be believed, so it is incomplete. */
const UNFORESEEN = 3;

/**
 * Runs one command line and resolves to its exit code. Failures are told on stderr as `error: what` and `hint: what to do`;
 * a stack trace only with `DAILIES_DEBUG=1`.
 */
export async function runCommandLine(
  args: readonly string[],
  actions: Actions,
  context: CommandContext,
  version: string,
): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(actions, context, version, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error) ? 0 : EXIT_CODES.usage;
    return tellFailure(error, context);
  }
}

/** Tells a failure on stderr; returns the exit code that belongs to it. */
function tellFailure(error: unknown, context: CommandContext): number {
  const failure =
    context.signal.aborted && !(error instanceof DailiesError) ? interruption(error) : error;
  const message = failure instanceof Error ? failure.message : String(failure);
  context.stderr.write(`error: ${printableLines(message)}\n`);
  if (failure instanceof DailiesError) {
    if (failure.hint !== undefined) context.stderr.write(`hint: ${printableLines(failure.hint)}\n`);
  } else {
    context.stderr.write(
      `hint: this is a bug in dailies; run again with DAILIES_DEBUG=1 and report the trace\n`,
    );
  }
  if (context.env['DAILIES_DEBUG'] === '1' && error instanceof Error) {
    for (let each: unknown = error; each instanceof Error; each = each.cause) {
      context.stderr.write(`${each.stack ?? each.message}\n`);
    }
  }
  return failure instanceof DailiesError ? EXIT_CODES[failure.code] : UNFORESEEN;
}

function interruption(cause: unknown): DailiesError {
  return new DailiesError('interrupted', 'interrupted', {
    cause,
    hint: 'evidence gathered so far is kept: the same command goes on from there',
  });
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function isHelp(error: CommanderError): boolean {
  return error.exitCode === 0;
}

function buildProgram(
  actions: Actions,
  context: CommandContext,
  version: string,
  setExitCode: (code: number) => void,
): Command {
  const program = new Command('dailies')
    .description(
      'Finds the silent bugs in video- and image-text datasets before a training run is spent on them.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureHelp({
      // An empty list is no default worth a line.
      optionDescription: (option) =>
        Array.isArray(option.defaultValue)
          ? option.description
          : new Help().optionDescription(option),
    })
    .showHelpAfterError(false)
    .configureOutput({
      writeOut: (text) => {
        context.stdout.write(text);
      },
      writeErr: (text) => {
        context.stderr.write(text);
      },
      outputError: (text, write) => {
        write(printableLines(commanderError(text)));
      },
    })
    .addHelpText(
      'after',
      `
Examples:
  $ dailies scan clips.parquet --media-root media
  $ dailies rules frozen-frames
  $ dailies init clips.parquet

Exit codes:
  0 nothing at or above --fail-on   1 findings   2 usage, configuration or unreadable dataset
  3 a rule could not look at all it should   130 interrupted`,
    );

  addScanFlags(
    program
      .command('scan')
      .description('audit a dataset: print the verdict, keep a run folder with its report')
      .argument(
        '[dataset...]',
        'files, folders, globs or URLs (https, s3, gs, hf): Parquet, Arrow, CSV, JSON Lines, WebDataset tars, or a folder of media',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ dailies scan data/                               a folder of shards, or of media with captions beside them
  $ dailies scan 'data/*.parquet' --media-root clips --sample 5%
  $ dailies scan clips.csv --columns caption=text --tier headers
  $ dailies scan clips.jsonl --select captions --format json
  $ dailies scan s3://bucket/set/ --endpoint https://minio.example.com --select captions
  $ dailies scan clips.parquet --fail-on warning --output html=report.html`,
    )
    .action(async (paths: readonly string[], flags: ScanFlags) => {
      setExitCode(await actions.scan(paths, flags, context));
    });

  addScanFlags(
    program
      .command('selftest')
      .description('inject faults into a copy of some rows: recall and false alarms of every rule')
      .argument('[dataset...]', 'files, folders or globs'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ dailies selftest clips.parquet --media-root media
  $ dailies selftest clips.parquet --select captions --format markdown`,
    )
    .action(async (paths: readonly string[], flags: ScanFlags) => {
      setExitCode((await actions.selftest?.(paths, flags, context)) ?? EXIT_CODES.usage);
    });

  addDiffFlags(
    program
      .command('diff')
      .description('compare two versions of a dataset: what changed, and which changes are bugs')
      .argument('<before>', 'the older version: a dataset or a run folder')
      .argument('<after>', 'the newer version: a dataset or a run folder'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ dailies diff v1/clips.parquet v2/clips.parquet
  $ dailies diff .dailies/runs/<older> .dailies/runs/<newer>     no data is read again
  $ dailies diff .dailies/runs/<older> v2/ --output markdown=diff.md
  $ dailies diff v1.csv v2.csv --columns key=youtube_id,start_time`,
    )
    .action(async (before: string, after: string, flags: DiffFlags) => {
      setExitCode((await actions.diff?.(before, after, flags, context)) ?? EXIT_CODES.usage);
    });

  addStoreFlags(program.command('report'))
    .description('render the report of an earlier run again, without looking at the data')
    .argument('[run]', 'run folder (default: the newest in .dailies/runs)')
    .addOption(
      new Option('--format <format>', 'what stdout carries')
        .choices([...STDOUT_FORMATS, 'none'])
        .default('text'),
    )
    .option(
      '-o, --output <format=file>',
      `write a report: ${OUTPUT_FORMATS.join(', ')} (repeatable)`,
      appendTo,
      [],
    )
    .option('--open', 'open the page in the browser')
    .option('--no-color', 'no colours, as with NO_COLOR')
    .addHelpText(
      'after',
      `
Examples:
  $ dailies report --open --format none
  $ dailies report runs/before --output html=report.html --format none`,
    )
    .action(async (run: string | undefined, flags: ReportFlags) => {
      setExitCode(await actions.report(run, flags, context));
    });

  addStoreFlags(program.command('serve'))
    .description('show a run in the browser: all findings, and every clip played where it is wrong')
    .argument('[run]', 'run folder (default: the newest in .dailies/runs)')
    .option('--against <run>', 'earlier run whose clips are played beside those of this one')
    .option(
      '--host <address>',
      'address to listen on; others than your own let in the network',
      '127.0.0.1',
    )
    .option('--port <n>', 'port to listen on; 0: one that is free', parsePort, 0)
    .option('--open', 'open it in the browser')
    .addHelpText(
      'after',
      `
Examples:
  $ dailies serve --open
  $ dailies serve runs/after --against runs/before
  $ dailies serve --port 8080                        behind ssh -L 8080:127.0.0.1:8080`,
    )
    .action(async (run: string | undefined, flags: ServeFlags) => {
      setExitCode(await actions.serve(run, flags, context));
    });

  program
    .command('rules')
    .description('list the rules, or explain one')
    .argument('[id]', 'rule to explain')
    .option('--rules <dir>', 'folder of your own rules (repeatable)', appendTo, [])
    .addOption(
      new Option('--format <format>', 'what stdout carries')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ dailies rules
  $ dailies rules duration-mismatch
  $ dailies rules --rules my-rules --format json`,
    )
    .action(async (id: string | undefined, flags: RulesFlags) => {
      setExitCode(await actions.rules(id, flags, context));
    });

  addStoreFlags(program.command('init'))
    .description('look at a dataset and write dailies.yaml: columns, media root, gate')
    .argument('<dataset...>', 'files, folders, globs or URLs')
    .option('--media-root <dir>', 'folder that relative media paths start at')
    .option('--force', 'overwrite a dailies.yaml that is there')
    .addHelpText(
      'after',
      `
Examples:
  $ dailies init clips.parquet
  $ dailies init 'data/*.parquet' --media-root /data/clips --force`,
    )
    .action(async (paths: readonly string[], flags: InitFlags) => {
      setExitCode(await actions.init(paths, flags, context));
    });

  program
    .command('worker')
    .description('probe media: task lines in, one verdict line out for each (what engines run)')
    .option('--workers <n>', 'child processes that decode (default: one a core)', parseWorkers)
    .addHelpText(
      'after',
      `
Examples:
  $ dailies worker < tasks.jsonl > verdicts.jsonl`,
    )
    .action(async (flags: WorkerFlags) => {
      setExitCode(await actions.worker(flags, context));
    });

  return program;
}

function appendTo(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** Commander's own wording, in the two lines that every error here has. */
function commanderError(text: string): string {
  const [what = '', ...rest] = text.trimEnd().split('\n');
  const meant = /^\(Did you mean (.*)\?\)$/.exec(rest.join(' '))?.[1];
  const hint = meant === undefined ? `run 'dailies --help'` : `did you mean ${meant}?`;
  return `${what}\nhint: ${hint}\n`;
}
