import { DailiesError } from '../dailies-error.ts';
import { leaveOutPageFaults } from '../dataset/leave-out-faults.ts';
import type { OpenDataset } from '../dataset/opened-dataset.ts';
import { shardErrorText } from '../dataset/rows.ts';
import type { Database } from '../engine/database.ts';
import { countLedger, LEDGER_ROWS } from '../judge/ledger.ts';

/** The dataset of a run, without the row groups that turn out to be damaged on the way. */
export class SoundManifest {
  readonly #database: Database;
  readonly #signal: AbortSignal;
  #dataset: OpenDataset | null = null;
  #rows = 0;

  constructor(database: Database, signal: AbortSignal) {
    this.#database = database;
    this.#signal = signal;
  }

  /** Null until it was opened. */
  get found(): OpenDataset | null {
    return this.#dataset;
  }

  /** Throws `engine` until it was opened. */
  get dataset(): OpenDataset {
    if (this.#dataset === null) throw new DailiesError('engine', 'the dataset is not open yet');
    return this.#dataset;
  }

  set dataset(dataset: OpenDataset) {
    this.#dataset = dataset;
  }

  /** Rows of the ledger; 0 until it was written. */
  get rows(): number {
    return this.#rows;
  }

  async countRows(): Promise<void> {
    this.#rows = await countLedger(this.#database);
  }

  /** Runs a query over the manifest; if damaged pages make it fail, once more without their row groups. */
  async withoutDamage<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (cause) {
      this.#signal.throwIfAborted();
      // A mistake in a query is none of the data.
      if (/^(Catalog|Binder|Parser) Error/.test(shardErrorText(cause))) throw cause;
      const rest = await leaveOutPageFaults(this.#database.connection, this.dataset, this.#signal);
      if (rest === null) throw cause;
      this.#dataset = rest;
      await this.#forgetRows(rest.pageFaults);
      return query();
    }
  }

  /** Takes rows out of the ledger that turned out to lie in damaged pages after it was written. */
  async #forgetRows(faults: OpenDataset['pageFaults']): Promise<void> {
    if (this.#rows === 0) return;
    for (const { shardId, firstRow, rows } of faults) {
      await this.#database.run(
        `delete from ${LEDGER_ROWS} where shard_id = ${shardId} and row_number >= ${firstRow} and row_number < ${firstRow + rows}`,
      );
    }
    await this.countRows();
  }
}
