import { type Command, Option } from 'commander';

import type { Severity } from '../judge/rule.ts';
import { addStoreFlags, type StoreFlags } from './store-flags.ts';
import { addEngineFlags, type EngineFlags, parseWorkers } from './scan-flags.ts';

/** The flags of `dailies diff` as commander hands them over; undefined: not given. */
export type DiffFlags = EngineFlags &
  StoreFlags & {
    readonly config?: string;
    readonly columns: readonly string[];
    readonly mediaRoot?: string;
    readonly sample?: string;
    readonly removed?: string;
    readonly tolerance: readonly string[];
    readonly rules: readonly string[];
    readonly select: readonly string[];
    readonly ignore: readonly string[];
    readonly failOn?: Severity | 'never';
    readonly allowIncomplete?: boolean;
    readonly format: 'text' | 'json' | 'markdown';
    readonly output: readonly string[];
    readonly workers?: number;
    readonly memoryLimit?: string;
    readonly tempDir?: string;
    readonly quiet?: boolean;
    readonly color: boolean;
  };

/** Declares the flags of `dailies diff`. */
export function addDiffFlags(command: Command): Command {
  return addStoreFlags(addEngineFlags(command))
    .option('-c, --config <file>', 'configuration (default: dailies.yaml here, if there)')
    .option(
      '--columns <canonical=yours>',
      'say which column holds what, in both versions (repeatable)',
      collect,
      [],
    )
    .option('--media-root <dir>', 'folder that relative media paths of both versions start at')
    .option(
      '--sample <n|p%|all>',
      'common clips whose media are compared, 0 for none (default: 1000 images or 100 videos)',
    )
    .option(
      '--removed <list>',
      'keys that were removed and must not return: one a line, or the run folder of an older version',
    )
    .option(
      '--tolerance <column=amount>',
      'numbers of a column that differ by no more are equal: aesthetic=0.01 or duration_s=1% (repeatable)',
      collect,
      [],
    )
    .option('--rules <dir>', 'folder of your own rules (repeatable)', collect, [])
    .option('--select <rules>', 'run only these ids, families or globs', collectList, [])
    .option('--ignore <rules>', 'leave out these ids, families or globs', collectList, [])
    .addOption(
      new Option(
        '--fail-on <severity>',
        'least severity that ends with exit code 1 (default: error)',
      ).choices(['error', 'warning', 'note', 'never']),
    )
    .option('--allow-incomplete', 'do not end with exit code 3 when a rule could not look')
    .addOption(
      new Option('--format <format>', 'what stdout carries')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .option(
      '-o, --output <format=file>',
      'also write: text, json, markdown, html, parquet (all row changes) (repeatable)',
      collect,
      [],
    )
    .option('--workers <n>', 'threads and child processes (default: one a core)', parseWorkers)
    .option(
      '--memory-limit <size>',
      'memory of the process, such as 2GB; what does not fit is spilled to disk',
    )
    .option('--temp-dir <dir>', 'folder that large joins spill to')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--no-color', 'no colours, as with NO_COLOR');
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectList(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(',').filter((each) => each !== '')];
}
