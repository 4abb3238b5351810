import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';

import {
  type Config,
  DEFAULT_CONFIG,
  OUTPUT_FORMATS,
  type OutputFormat,
  STDOUT_FORMATS,
  type StdoutFormat,
  TIERS,
} from '../config/config.ts';
import { readRate } from '../config/load-config.ts';
import { parseTierBudgets, TIER_NAMES, tierOf } from '../config/tier-budget.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import { DailiesError } from '../dailies-error.ts';
import type { Severity } from '../judge/rule.ts';
import { addStoreFlags, applyStoreFlags, type StoreFlags } from './store-flags.ts';
import { resolveInput } from '../stores/store-url.ts';
import { parseSample } from '../sampling/draw-sample.ts';

/** Who does the work: flags of every command that lets it be done elsewhere. */
export type EngineFlags = {
  readonly engine?: Config['engine'];
  readonly sparkMaster?: string;
};

/** The flags of `dailies scan` as commander hands them over; undefined: not given. */
export type ScanFlags = EngineFlags &
  StoreFlags & {
    readonly config?: string;
    readonly columns: readonly string[];
    readonly mediaRoot?: string;
    readonly sample?: string;
    readonly seed?: string;
    readonly tier?: string;
    readonly tierBudget?: readonly string[];
    readonly decoder?: Config['decoder'];
    readonly workers?: number;
    readonly rules: readonly string[];
    readonly select: readonly string[];
    readonly ignore: readonly string[];
    readonly failOn?: Severity | 'never';
    readonly allowIncomplete?: boolean;
    readonly format: StdoutFormat;
    readonly output: readonly string[];
    readonly against?: string;
    readonly budget?: readonly string[];
    readonly strict?: boolean;
    readonly suppressions?: string;
    readonly updateSuppressions?: boolean;
    readonly prune?: boolean;
    readonly reason?: string;
    readonly owner?: string;
    readonly quarantine?: string;
    readonly allowList?: string;
    readonly alignModel?: string;
    readonly alignRows?: number;
    readonly annotations?: string;
    readonly redact?: boolean;
    readonly runDir?: string;
    readonly cacheDir?: string;
    readonly memoryLimit?: string;
    readonly tempDir?: string;
    readonly quiet?: boolean;
    readonly color: boolean;
  };

/** Declares who does the work, for commands that let it be done elsewhere. */
export function addEngineFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--engine <name>',
        'who looks at media and compares whole tables (default: local)',
      ).choices(['local', 'spark']),
    )
    .option('--spark-master <url>', 'master of the Spark cluster, as for spark-sql --master');
}

/** Declares the flags of `dailies scan`. */
export function addScanFlags(command: Command): Command {
  return addStoreFlags(addEngineFlags(command))
    .option('-c, --config <file>', 'configuration (default: dailies.yaml here, if there)')
    .option('--columns <canonical=yours>', 'say which column holds what (repeatable)', collect, [])
    .option('--media-root <dir>', 'folder or URL that relative media paths start at')
    .option('--sample <n|p%|all>', 'clips whose media are looked at (default: 3000)', checkSample)
    .option('--seed <text>', 'which clips the sample holds (default: dailies)')
    .addOption(
      new Option('--tier <tier>', `how deep to look (default: ${DEFAULT_CONFIG.tier})`).choices(
        TIER_NAMES,
      ),
    )
    .option(
      '--tier-budget <tier=limits>',
      'clips at random, seconds of decoding and bytes of a tier, as frames=20%,600s,2GB (repeatable)',
      collect,
      [],
    )
    .addOption(
      new Option('--decoder <name>', 'who decodes (default: auto)').choices([
        'auto',
        'node-av',
        'ffmpeg',
      ]),
    )
    .option('--workers <n>', 'child processes that decode (default: one a core)', parseWorkers)
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
        .choices(STDOUT_FORMATS)
        .default('text'),
    )
    .option(
      '-o, --output <format=file>',
      `also write a report: ${OUTPUT_FORMATS.join(', ')} (repeatable)`,
      collect,
      [],
    )
    .option(
      '--against <run>',
      'run folder of an earlier scan: which findings are new, which are gone',
    )
    .option(
      '--budget <rule=rate>',
      'tolerate so much of a defect, as 0.05% (repeatable)',
      collect,
      [],
    )
    .option('--suppressions <file>', 'accepted findings (default: dailies-suppressions.yaml here)')
    .option('--strict', 'expired and useless suppressions end with exit code 1')
    .option('--update-suppressions', 'accept every finding of this scan: write it into the file')
    .option('--reason <text>', 'why, for --update-suppressions')
    .option('--owner <name>', 'who, for --update-suppressions')
    .option('--prune', 'take expired and useless suppressions out of the file')
    .option('--quarantine <file>', 'write all failing keys, by rule, as Parquet')
    .option('--allow-list <file>', 'write the keys without a finding that fails, as Parquet')
    .option(
      '--align-model <model>',
      'compare captions with frames by this dual encoder: a folder or a Hugging Face id (needs @huggingface/transformers)',
    )
    .option('--align-rows <n>', 'clips the model is run on (default: 2000)', parseAlignRows)
    .option('--annotations <file>', 'table that the captions came from: key and caption')
    .option('--redact', 'write no key, path, caption or picture anywhere')
    .option('--run-dir <dir>', 'run folder (default: .dailies/runs/<id>)')
    .option('--cache-dir <dir>', 'evidence kept between runs (default: .dailies/cache)')
    .option(
      '--memory-limit <size>',
      'memory of the process, such as 2GB; what does not fit is spilled to disk',
      checkMemory,
    )
    .option('--temp-dir <dir>', 'folder that large sorts spill to')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--no-color', 'no colours, as with NO_COLOR');
}

/**
 * Flags over configuration: what was given on the command line wins; lists of rules to select, to ignore or to load add up.
 * Relative paths of flags start at `cwd`.
 *
 * @throws {DailiesError} usage, for a flag value that means nothing, or if no dataset is named at all.
 */
export function applyScanFlags(
  config: Config,
  paths: readonly string[],
  flags: Omit<ScanFlags, 'config' | 'format' | 'color'>,
  cwd: string,
  canonicalColumns: readonly string[],
): Config {
  const absolute = (path: string): string => resolveInput(cwd, path);
  const dataset = paths.length > 0 ? paths.map(absolute) : config.dataset;
  if (dataset.length === 0) {
    throw new DailiesError('usage', 'no dataset given', {
      hint: `name files or a folder, as in 'dailies scan clips.parquet', or set dataset in dailies.yaml`,
    });
  }
  return {
    ...config,
    dataset,
    columns: { ...config.columns, ...parseColumns(flags.columns, canonicalColumns) },
    mediaRoot: flags.mediaRoot === undefined ? config.mediaRoot : absolute(flags.mediaRoot),
    sample: flags.sample ?? config.sample,
    seed: flags.seed ?? config.seed,
    tier: flags.tier === undefined ? config.tier : tierOf(flags.tier),
    budgets: mergeBudgets(config.budgets, parseTierBudgets(flags.tierBudget ?? [])),
    decoder: flags.decoder ?? config.decoder,
    engine: flags.engine ?? config.engine,
    spark:
      flags.sparkMaster === undefined
        ? config.spark
        : { ...config.spark, master: flags.sparkMaster },
    stores: applyStoreFlags(config.stores, flags),
    workers: flags.workers ?? config.workers,
    memoryLimit: flags.memoryLimit ?? config.memoryLimit,
    tempDirectory: flags.tempDir === undefined ? config.tempDirectory : absolute(flags.tempDir),
    cacheDirectory: flags.cacheDir === undefined ? config.cacheDirectory : absolute(flags.cacheDir),
    rules: {
      ...config.rules,
      dirs: [...config.rules.dirs, ...flags.rules.map(absolute)],
      select: flags.select.length > 0 ? flags.select : config.rules.select,
      ignore: [...config.rules.ignore, ...flags.ignore],
      budgets: { ...config.rules.budgets, ...parseBudgets(flags.budget ?? []) },
    },
    gate: {
      ...config.gate,
      failOn: flags.failOn ?? config.gate.failOn,
      allowIncomplete: flags.allowIncomplete ?? config.gate.allowIncomplete,
      isStrict: flags.strict ?? config.gate.isStrict,
      suppressions:
        flags.suppressions === undefined ? config.gate.suppressions : absolute(flags.suppressions),
    },
    alignment: {
      model: flags.alignModel ?? config.alignment.model,
      modelRows: flags.alignRows ?? config.alignment.modelRows,
      annotations:
        flags.annotations === undefined
          ? config.alignment.annotations
          : absolute(flags.annotations),
    },
    isRedacted: flags.redact ?? config.isRedacted,
    output: { ...config.output, ...parseOutputs(flags.output, cwd) },
  };
}

/**
 * Reads `html=report.html` into format and absolute path.
 *
 * @throws {DailiesError} usage, for an unknown format or a missing file name.
 */
export function parseOutputs(
  outputs: readonly string[],
  cwd: string,
): Readonly<Partial<Record<OutputFormat, string>>> {
  const parsed: Partial<Record<OutputFormat, string>> = {};
  for (const output of outputs) {
    const [name, file] = splitOnce(output);
    const format = OUTPUT_FORMATS.find((each) => each === name);
    if (format === undefined) {
      throw new DailiesError(
        'usage',
        `--output ${output}: unknown format '${name}'${didYouMean(name, OUTPUT_FORMATS)}`,
        {
          hint: `formats are ${OUTPUT_FORMATS.join(', ')}, as in --output html=report.html`,
        },
      );
    }
    if (file === undefined || file === '') {
      throw new DailiesError('usage', `--output ${output}: no file named`, {
        hint: `as in --output ${format}=report.${format}`,
      });
    }
    parsed[format] = resolve(cwd, file);
  }
  return parsed;
}

function parseBudgets(pairs: readonly string[]): Config['rules']['budgets'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [id, rate] = splitOnce(pair);
      const maxRate = readRate(rate ?? '');
      if (Number.isNaN(maxRate)) {
        throw new DailiesError('usage', `--budget ${pair}: no rate from 0 to 100 %`, {
          hint: 'as in --budget duration-mismatch=0.05%',
        });
      }
      return [id, { maxRate, maxCount: null, notIncreasing: false }];
    }),
  );
}

function parseColumns(
  pairs: readonly string[],
  canonicalColumns: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const columns: Record<string, readonly string[]> = {};
  for (const pair of pairs) {
    const [canonical, yours] = splitOnce(pair);
    if (yours === undefined) {
      throw new DailiesError('usage', `--columns ${pair}: no '='`, {
        hint: 'as in --columns caption=text',
      });
    }
    if (!canonicalColumns.includes(canonical)) {
      throw new DailiesError(
        'usage',
        `--columns ${pair}: unknown column '${canonical}'${didYouMean(canonical, canonicalColumns)}`,
        { hint: `canonical columns are ${canonicalColumns.join(', ')}` },
      );
    }
    columns[canonical] = yours === '' ? [] : yours.split(',');
  }
  return columns;
}

/** Limits of the command line over those of the file. */
function mergeBudgets(file: Config['budgets'], flags: Config['budgets']): Config['budgets'] {
  return Object.fromEntries(
    TIERS.filter((tier) => file[tier] !== undefined || flags[tier] !== undefined).map((tier) => [
      tier,
      { ...file[tier], ...flags[tier] },
    ]),
  );
}

function splitOnce(pair: string): readonly [string, string | undefined] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectList(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(',').filter((each) => each !== '')];
}

function checkSample(value: string): string {
  parseSample(value);
  return value;
}

function parseAlignRows(value: string): number {
  const rows = Number(value);
  if (!/^\d+$/.test(value) || rows < 40 || rows > 10_000_000) {
    throw new InvalidArgumentError('It is a whole number from 40 to 10000000.');
  }
  return rows;
}

/** Reads a number of child processes; refuses what is none. */
export function parseWorkers(value: string): number {
  const workers = Number(value);
  if (!/^\d+$/.test(value) || workers < 1 || workers > 1024) {
    throw new InvalidArgumentError('It is a whole number from 1 to 1024.');
  }
  return workers;
}

function checkMemory(value: string): string {
  if (!/^[1-9]\d{0,8} ?[KMGT]i?B$/.test(value)) {
    throw new InvalidArgumentError('It is a number and a unit, such as 2GB.');
  }
  return value;
}
