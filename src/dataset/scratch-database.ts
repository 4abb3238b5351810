import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';

import { httpfsSetup } from './remote/httpfs.ts';
import { readRows, textOf } from './rows.ts';

/**
 * A second DuckDB for looking at files that nobody has checked yet: some damage (a malformed VARIANT column) is fatal to
 * the whole database that reads it. After such an error it starts afresh; the database of the run lives on.
 */
export class ScratchDatabase {
  readonly #settings: Readonly<Record<string, string>>;
  readonly #setup: readonly string[];
  #open: { readonly instance: DuckDBInstance; readonly connection: DuckDBConnection } | null = null;

  /** `setup` are statements that it begins with. */
  constructor(settings: Readonly<Record<string, string>>, setup: readonly string[] = []) {
    this.#settings = settings;
    this.#setup = setup;
  }

  /** One with the threads and the memory limit of another connection, and what else `settings` say. */
  static async like(
    connection: DuckDBConnection,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ScratchDatabase> {
    const [row] = await readRows(
      connection,
      `select current_setting('threads')::varchar as threads, current_setting('memory_limit') as memory_limit`,
    );
    return new ScratchDatabase(
      {
        threads: textOf(row?.['threads']),
        memory_limit: textOf(row?.['memory_limit']),
        ...settings,
      },
      httpfsSetup(connection),
    );
  }

  /** Runs `look` with a working connection; an error of the database passes through. */
  async use<T>(look: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#open === null) {
      const instance = await DuckDBInstance.create(':memory:', { ...this.#settings });
      const connection = await instance.connect();
      // Geometry is of no interest here, and reading its metadata refuses files that are fine otherwise.
      await connection.run('set enable_geoparquet_conversion = false');
      for (const statement of this.#setup) await connection.run(statement);
      this.#open = { instance, connection };
    }
    try {
      return await look(this.#open.connection);
    } catch (error) {
      if (error instanceof Error && /^(FATAL|INTERNAL)|invalidated/.test(error.message))
        this.close();
      throw error;
    }
  }

  close(): void {
    this.#open?.connection.closeSync();
    this.#open?.instance.closeSync();
    this.#open = null;
  }
}
