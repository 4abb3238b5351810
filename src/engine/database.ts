import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListValue,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  SQLNULL,
} from '@duckdb/node-api';

import { existsSync, rmdirSync } from 'node:fs';

import { DailiesError } from '../dailies-error.ts';
import { stopFetching, fetchFor } from '../dataset/remote/remote-manifest.ts';
import { removeRowStores } from '../dataset/row-store.ts';
import { rowOf } from '../dataset/rows.ts';
import { quoteLiteral } from '../dataset/sql-quote.ts';

/** A value as it leaves DuckDB: BIGINT and wider are `bigint`, lists are arrays, structs plain objects. */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | readonly SqlValue[]
  | { readonly [name: string]: SqlValue };

export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Values bound to `$name` parameters, never pasted into SQL. */
export type SqlParameters = Readonly<Record<string, DuckDBValue>>;

/** What a database in memory may take. */
type DatabaseSettings = {
  /** DuckDB notation: '2GB' (default: '500MB'). */
  readonly memoryLimit?: string;
  /** Where tables spill to; default: nowhere. */
  readonly tempDirectory?: string;
  /** Default: 1. */
  readonly threads?: number;
};

/** Memory that was freed goes back at once: kept for later, as is the default, it took 100 MB beside the limit and no less time. */
const GIVING_BACK = {
  allocator_background_threads: 'true',
  allocator_flush_threshold: '1MB',
  allocator_bulk_deallocation_flush_threshold: '1MB',
} as const;

/** Between two attempts to stop what runs, milliseconds: a scan ends within a second of Ctrl-C. */
const INTERRUPTION_MS = 50;

/** The one connection to DuckDB of a run: the only place where its rows become JavaScript values. */
export class Database {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  #interruption: NodeJS.Timeout | null = null;
  /** The spill folder, if it was not there before. */
  readonly #ownFolder: string | null;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    ownFolder: string | null,
  ) {
    this.#instance = instance;
    this.connection = connection;
    this.#ownFolder = ownFolder;
  }

  /** Opens DuckDB in memory with extensions and autoloading off, so that nothing is ever fetched. */
  static async open(settings: DatabaseSettings = {}): Promise<Database> {
    const { memoryLimit = '500MB', tempDirectory: folder = '', threads = 1 } = settings;
    const ownFolder = folder === '' || existsSync(folder) ? null : folder;
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      memory_limit: memoryLimit,
      temp_directory: folder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      ...GIVING_BACK,
    });
    const database = new Database(instance, await instance.connect(), ownFolder);
    await database.run('set preserve_insertion_order = false');
    return database;
  }

  /** Changes what DuckDB may take, in its notation: '2GB'. */
  async limitMemory(memoryLimit: string): Promise<void> {
    await this.run(`set memory_limit = ${quoteLiteral(memoryLimit)}`);
  }

  async run(sql: string, parameters: SqlParameters = {}): Promise<void> {
    this.#requireGoingOn();
    await this.fetchFor(sql, parameters);
    await this.connection.run(sql, { ...parameters }, typesOfEmpty(parameters));
  }

  async rows(sql: string, parameters: SqlParameters = {}): Promise<readonly SqlRow[]> {
    this.#requireGoingOn();
    await this.fetchFor(sql, parameters);
    const reader = await this.connection.runAndReadAll(
      sql,
      { ...parameters },
      typesOfEmpty(parameters),
    );
    const names = reader.deduplicatedColumnNames();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: getRowsJS yields exactly these types
    const rows = reader.getRowsJS() as readonly (readonly SqlValue[])[];
    return rows.map((values) => rowOf(names, values));
  }

  /** Fetches what a statement reads of a remote manifest: for those who run it on the connection itself. */
  async fetchFor(sql: string, parameters: SqlParameters = {}): Promise<void> {
    await fetchFor(this.connection, sql, {
      values: { ...parameters },
      types: typesOfEmpty(parameters),
    });
    this.#requireGoingOn();
  }

  /** The first row; throws if there is none, so it fits aggregates. */
  async row(sql: string, parameters: SqlParameters = {}): Promise<SqlRow> {
    const [row] = await this.rows(sql, parameters);
    if (row === undefined) throw new Error(`no row from: ${sql}`);
    return row;
  }

  /** Column names and DuckDB types of a query, without running it. */
  async columns(sql: string): Promise<readonly { readonly name: string; readonly type: string }[]> {
    return (await this.rows(`describe ${sql}`)).map((row) => ({
      name: textOf(row['column_name']),
      type: textOf(row['column_type']),
    }));
  }

  /** Closes the room: from here on only the named files and folders can be read, and no setting changes. */
  async lock(files: readonly string[], folders: readonly string[]): Promise<void> {
    if (files.length > 0) await this.run(`set allowed_paths = ${quoteList(files)}`);
    if (folders.length > 0) {
      await this.run(
        `set allowed_directories = ${quoteList(folders.map((f) => (f.endsWith('/') ? f : `${f}/`)))}`,
      );
    }
    await this.run('set enable_external_access = false');
    await this.run('set lock_configuration = true');
  }

  /**
   * Stops the running query within milliseconds, and any other that is started from here on: they throw. An interruption
   * between two statements would stop neither, so it is said again until the database is closed.
   */
  interrupt(): void {
    stopFetching(this.connection);
    this.connection.interrupt();
    this.#interruption ??= setInterval(() => this.connection.interrupt(), INTERRUPTION_MS).unref();
  }

  #requireGoingOn(): void {
    if (this.#interruption !== null) throw new DailiesError('interrupted', 'interrupted');
  }

  close(): void {
    if (this.#interruption !== null) clearInterval(this.#interruption);
    stopFetching(this.connection);
    this.connection.closeSync();
    this.#instance.closeSync();
    removeRowStores(this.connection);
    this.#removeEmptyFolder();
  }

  /** DuckDB removes the folder that it spilled to only if it made it and nothing else is in it. */
  #removeEmptyFolder(): void {
    if (this.#ownFolder === null) return;
    try {
      rmdirSync(this.#ownFolder);
    } catch {
      // Not there, or not empty: nothing to tidy.
    }
  }
}

/** Types of empty lists, which cannot be told from their elements. */
function typesOfEmpty(parameters: SqlParameters): Record<string, DuckDBType> {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([, value]) => value instanceof DuckDBListValue && value.items.length === 0)
      .map(([name]) => [name, LIST(SQLNULL)]),
  );
}

function quoteList(names: readonly string[]): string {
  return `[${names.map(quoteLiteral).join(', ')}]`;
}

/** A count or measure as a number; null stays null. Counts stay exact below 2^53. */
export function numberOf(value: SqlValue | undefined): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw new TypeError(`expected a number, got ${typeof value}`);
}

/** A text value; throws for anything else. */
export function textOf(value: SqlValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`expected text, got ${typeof value}`);
}

/** `value` unless it is null or undefined, then `null`. */
export function maybe<T>(value: SqlValue | undefined, read: (value: SqlValue) => T): T | null {
  return value === null || value === undefined ? null : read(value);
}
