import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DailiesError } from '../dailies-error.ts';
import type { OptionValue, Severity } from '../judge/rule.ts';
import { type Config, DEFAULT_CONFIG, type OutputFormat, type Tier } from './config.ts';
import { resolveInput } from '../stores/store-url.ts';
import { readYamlWithSchema } from './schema-errors.ts';
import { readBytes, tierOf } from './tier-budget.ts';

/** Name of the file that is read from the working directory if no other is named. */
export const CONFIG_FILE = 'dailies.yaml';

/** JSON Schema of that file. */
export const CONFIG_SCHEMA = fileURLToPath(new URL('./config.schema.json', import.meta.url));

/** What the schema guarantees of the file. */
type ConfigFile = {
  readonly dataset?: string | readonly string[];
  readonly columns?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly media_root?: string | null;
  readonly sample?: number | string;
  readonly seed?: number | string;
  readonly strata?: readonly string[];
  readonly tier?: Tier | 'headers';
  readonly budgets?: Readonly<
    Partial<
      Record<
        Tier,
        {
          readonly random?: string | number;
          readonly bytes?: string | number;
          readonly decode_s?: number;
        }
      >
    >
  >;
  readonly decoder?: Config['decoder'];
  readonly engine?: Config['engine'];
  readonly spark?: {
    readonly home?: string;
    readonly master?: string;
    readonly conf?: Readonly<Record<string, string | number | boolean>>;
    readonly work_directory?: string;
    readonly archive?: string;
    readonly clips_per_task?: number;
    readonly clips_per_wave?: number;
  };
  readonly stores?: {
    readonly endpoint?: string;
    readonly region?: string;
    readonly profile?: string;
    readonly path_style?: boolean;
    readonly anonymous?: boolean;
    readonly concurrency?: number;
    readonly requests_per_s?: number;
    readonly retries?: number;
    readonly timeout_s?: number;
    readonly whole_object?: string | number;
    readonly allow_private_addresses?: boolean;
    readonly cache?: string | number;
    readonly httpfs?: boolean;
  };
  readonly workers?: number;
  readonly memory_limit?: string;
  readonly temp_directory?: string;
  readonly cache_directory?: string;
  readonly rules?: {
    readonly dirs?: readonly string[];
    readonly select?: readonly string[];
    readonly ignore?: readonly string[];
    readonly severity?: Readonly<Record<string, Severity | 'off'>>;
    readonly options?: Readonly<Record<string, Readonly<Record<string, OptionValue>>>>;
    readonly budgets?: Readonly<
      Record<
        string,
        {
          readonly max_rate?: string | number;
          readonly max_count?: number;
          readonly not_increasing?: boolean;
        }
      >
    >;
  };
  readonly gate?: {
    readonly fail_on?: Severity | 'never';
    readonly allow_incomplete?: boolean;
    readonly max_unreachable?: string | number;
    readonly strict?: boolean;
    readonly suppressions?: string;
  };
  readonly alignment?: {
    readonly model?: string;
    readonly model_rows?: number;
    readonly annotations?: string;
  };
  readonly redact?: boolean;
  readonly localise?: readonly string[];
  readonly output?: Readonly<Partial<Record<OutputFormat, string>>>;
};

/**
 * Reads `path`, or `dailies.yaml` in `cwd` if it is there and no path is given; without a file all is default.
 * Relative paths in the file start at its folder.
 *
 * @throws {DailiesError} config, with `file:line:col` of each problem, or if a named file can't be read.
 */
export async function loadConfig(path: string | null, cwd: string): Promise<Config> {
  const file = resolve(cwd, path ?? CONFIG_FILE);
  const text = await readConfigText(file, path);
  if (text === null) return DEFAULT_CONFIG;
  const shownAs = path ?? CONFIG_FILE;
  const hasContent = text.split('\n').some((line) => /^\s*[^\s#]/.test(line));
  if (!hasContent) return { ...DEFAULT_CONFIG, file };
  const raw = await readYamlWithSchema<ConfigFile>(text, shownAs, CONFIG_SCHEMA);
  return toConfig(raw, file);
}

async function readConfigText(file: string, path: string | null): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isMissing && path === null) return null;
    throw new DailiesError('config', `${path ?? CONFIG_FILE} cannot be read`, {
      cause,
      hint: isMissing
        ? `write one with 'dailies init <dataset>'`
        : 'check that it is a readable file',
    });
  }
}

function toConfig(raw: ConfigFile, file: string): Config {
  const fallback = DEFAULT_CONFIG;
  const absolute = (path: string): string => resolveInput(dirname(file), path);
  const absoluteOr = (path: string | null | undefined): string | null =>
    path === undefined || path === null ? null : absolute(path);
  return {
    file,
    dataset: listOf(raw.dataset).map(absolute),
    columns: Object.fromEntries(
      Object.entries(raw.columns ?? {}).map(([name, from]) => [name, listOf(from)]),
    ),
    mediaRoot: absoluteOr(raw.media_root),
    sample: String(raw.sample ?? fallback.sample),
    seed: String(raw.seed ?? fallback.seed),
    strata: raw.strata ?? fallback.strata,
    tier: raw.tier === undefined ? fallback.tier : tierOf(raw.tier),
    budgets: Object.fromEntries(
      Object.entries(raw.budgets ?? {}).map(([tier, { random, bytes, decode_s }]) => [
        tier,
        {
          ...(random === undefined ? {} : { random: String(random) }),
          ...(bytes === undefined ? {} : { bytes: readBytes(String(bytes)) }),
          ...(decode_s === undefined ? {} : { decode_s }),
        },
      ]),
    ),
    decoder: raw.decoder ?? fallback.decoder,
    engine: raw.engine ?? fallback.engine,
    spark: {
      home: absoluteOr(raw.spark?.home),
      master: raw.spark?.master ?? fallback.spark.master,
      conf: Object.fromEntries(
        Object.entries(raw.spark?.conf ?? {}).map(([name, value]) => [name, String(value)]),
      ),
      workDirectory: absoluteOr(raw.spark?.work_directory),
      archive: absoluteOr(raw.spark?.archive),
      clipsPerTask: raw.spark?.clips_per_task ?? fallback.spark.clipsPerTask,
      clipsPerWave: raw.spark?.clips_per_wave ?? fallback.spark.clipsPerWave,
    },
    stores: storesOf(raw.stores ?? {}, fallback.stores),
    workers: raw.workers ?? fallback.workers,
    memoryLimit: raw.memory_limit ?? fallback.memoryLimit,
    tempDirectory: absoluteOr(raw.temp_directory),
    cacheDirectory: absoluteOr(raw.cache_directory),
    rules: {
      dirs: (raw.rules?.dirs ?? []).map(absolute),
      select: raw.rules?.select ?? [],
      ignore: raw.rules?.ignore ?? [],
      severity: raw.rules?.severity ?? {},
      options: raw.rules?.options ?? {},
      budgets: Object.fromEntries(
        Object.entries(raw.rules?.budgets ?? {}).map(([id, budget]) => [
          id,
          {
            maxRate: budget.max_rate === undefined ? null : readRate(budget.max_rate),
            maxCount: budget.max_count ?? null,
            notIncreasing: budget.not_increasing ?? false,
          },
        ]),
      ),
    },
    gate: {
      failOn: raw.gate?.fail_on ?? fallback.gate.failOn,
      allowIncomplete: raw.gate?.allow_incomplete ?? fallback.gate.allowIncomplete,
      maxUnreachable:
        raw.gate?.max_unreachable === undefined
          ? fallback.gate.maxUnreachable
          : readRate(raw.gate.max_unreachable),
      isStrict: raw.gate?.strict ?? fallback.gate.isStrict,
      suppressions: absoluteOr(raw.gate?.suppressions),
    },
    alignment: {
      model: modelOf(raw.alignment?.model, absolute),
      modelRows: raw.alignment?.model_rows ?? fallback.alignment.modelRows,
      annotations: absoluteOr(raw.alignment?.annotations),
    },
    isRedacted: raw.redact ?? fallback.isRedacted,
    localise: raw.localise ?? fallback.localise,
    output: Object.fromEntries(
      Object.entries(raw.output ?? {}).map(([format, path]) => [format, absolute(path)]),
    ),
  };
}

function storesOf(
  raw: NonNullable<ConfigFile['stores']>,
  fallback: Config['stores'],
): Config['stores'] {
  return {
    ...fallback,
    endpoint: raw.endpoint ?? fallback.endpoint,
    region: raw.region ?? fallback.region,
    profile: raw.profile ?? fallback.profile,
    isPathStyle: raw.path_style ?? fallback.isPathStyle,
    isAnonymous: raw.anonymous ?? fallback.isAnonymous,
    concurrency: raw.concurrency ?? fallback.concurrency,
    requests_per_s: raw.requests_per_s ?? fallback.requests_per_s,
    retries: raw.retries ?? fallback.retries,
    timeout_s: raw.timeout_s ?? fallback.timeout_s,
    unrangedBytes: readBytes(String(raw.whole_object ?? fallback.unrangedBytes)),
    cacheBytes: readBytes(String(raw.cache ?? fallback.cacheBytes)),
    usesHttpfs: raw.httpfs ?? fallback.usesHttpfs,
    allowsPrivateAddresses: raw.allow_private_addresses ?? fallback.allowsPrivateAddresses,
  };
}

/** A model that is named like a path starts at the folder of the file; an id stays as it is. */
function modelOf(model: string | undefined, absolute: (path: string) => string): string | null {
  if (model === undefined) return null;
  return /^[./]/.test(model) ? absolute(model) : model;
}

/** Reads `0.05 %` or a ratio from 0 to 1; NaN for anything else. */
export function readRate(text: string | number): number {
  const value = String(text).trim();
  const percent = /^(\d+(?:\.\d+)?) ?%$/.exec(value)?.[1];
  const rate =
    percent === undefined ? Number(value === '' ? Number.NaN : value) : Number(percent) / 100;
  return rate >= 0 && rate <= 1 ? rate : Number.NaN;
}

function listOf(value: string | readonly string[] | null | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  return typeof value === 'string' ? [value] : value;
}
