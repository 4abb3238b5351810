import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { quoteLiteral } from '../dataset/sql-quote.ts';
import { Database, maybe, numberOf, type SqlRow, textOf } from '../engine/database.ts';
import type { SelftestDocument } from '../selftest/document.ts';
import type { ClipCard, Finding, ReportInput, RunDocument } from './document.ts';

/** Version of `run.json` that this release reads and writes. */
const SCHEMA_VERSION = 1;

/**
 * Reads a run folder back, for rendering or comparing; of its findings at most `mostFindings`, if that is a number.
 *
 * @throws {DailiesError} usage, if it is no run folder or was written by a release with another schema.
 */
export async function readRun(
  folder: string,
  mostFindings: number | null = null,
): Promise<ReportInput> {
  const run = await readDocument(folder);
  const clips = await readClips(folder);
  const hasFindings = existsSync(join(folder, 'findings.parquet'));
  const isAffected = run.rules.some((rule) => rule.affected > 0);
  const leftOut = [
    ...(clips.length === 0 && isAffected ? ['clips.json is missing: no pictures'] : []),
    ...(hasFindings ? [] : [missingFindings(run)]),
  ];
  const selftest = await readJson<SelftestDocument>(join(folder, 'selftest.json')).catch(
    () => null,
  );
  return {
    run,
    findings: hasFindings ? await readFindings(folder, mostFindings) : [],
    clips,
    leftOut,
    ...(selftest?.schemaVersion === 1 ? { selftest } : {}),
  };
}

/** Reads what the report shows of clips; nothing if the folder keeps none. */
export async function readClips(folder: string): Promise<readonly ClipCard[]> {
  return readJson<readonly ClipCard[]>(join(folder, 'clips.json')).catch(() => []);
}

function missingFindings(run: RunDocument): string {
  return run.run.state === 'interrupted'
    ? 'the run was interrupted before its findings were written'
    : 'findings.parquet is missing: no findings';
}

/** Reads `run.json` alone. */
export async function readDocument(folder: string): Promise<RunDocument> {
  let document: RunDocument;
  try {
    document = await readJson<RunDocument>(join(folder, 'run.json'));
  } catch (cause) {
    throw new DailiesError('usage', `${folder} is no run folder: run.json cannot be read`, {
      cause,
      hint: `give a folder that 'dailies scan' wrote, such as .dailies/runs/<id>`,
    });
  }
  if (document.schemaVersion !== SCHEMA_VERSION) {
    throw new DailiesError(
      'usage',
      `${folder}: schema version ${String(document.schemaVersion)}, this release reads ${String(SCHEMA_VERSION)}`,
      {
        hint: 'scan again with this release, or use the release that wrote the run',
      },
    );
  }
  return document;
}

async function readFindings(folder: string, most: number | null): Promise<readonly Finding[]> {
  const database = await Database.open({
    memoryLimit: '1GB',
  });
  try {
    const rows = await database.rows(
      `select * from read_parquet(${quoteLiteral(join(folder, 'findings.parquet'))}) order by rule_id, key, message ${most === null ? '' : `limit ${Math.trunc(most)}`}`,
    );
    return rows.map(findingOf);
  } finally {
    database.close();
  }
}

/** A row of findings.parquet as a finding. */
export function findingOf(row: SqlRow): Finding {
  return {
    rule_id: textOf(row['rule_id']),
    severity: severityOf(textOf(row['severity'])),
    key: maybe(row['key'], textOf),
    shard: maybe(row['shard'], textOf),
    row_number: maybe(row['row_number'], numberOf),
    message: textOf(row['message']),
    values: parseObject(textOf(row['values'])),
    fingerprint: textOf(row['fingerprint']),
    ...baselineOf(row['baseline']),
  };
}

/** The mark of a finding against an earlier run, if there was one. */
function baselineOf(value: unknown): Pick<Finding, 'baseline'> {
  return value === 'new' || value === 'unchanged' || value === 'unknown' ? { baseline: value } : {};
}

function severityOf(text: string): Finding['severity'] {
  return text === 'error' || text === 'warning' ? text : 'note';
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

async function readJson<T>(file: string): Promise<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: dailies itself wrote the file, and schemaVersion says which one
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
