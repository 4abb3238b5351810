import type { DuckDBConnection } from '@duckdb/node-api';

import { appendTo } from '../row-store.ts';
import { createTableSql } from '../table-columns.ts';
import { TAR_FAULT_COLUMNS, type TarFault, type TarFaultKind } from './tar-tables.ts';

/** Faults of one tar as they are met: counted by kind, the first of each kept. */
export class TarFaults {
  readonly #faults = new Map<TarFaultKind, TarFault>();

  add(kind: TarFaultKind, member: string, detail = ''): void {
    const known = this.#faults.get(kind);
    this.#faults.set(
      kind,
      known === undefined
        ? { kind, members: 1, first: shorten(member), detail: shorten(detail) }
        : { ...known, members: known.members + 1 },
    );
  }

  all(): readonly TarFault[] {
    return [...this.#faults.values()];
  }
}

/** Names in findings are read by people. */
const LONGEST_SHOWN_CHARS = 300;

function shorten(text: string): string {
  const shown = text.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
  return shown.length <= LONGEST_SHOWN_CHARS ? shown : `${shown.slice(0, LONGEST_SHOWN_CHARS)}…`;
}

/** Creates `tar_faults` and fills it with what was met in each tar; empty for every other format. */
export async function createTarFaultsTable(
  connection: DuckDBConnection,
  tars: readonly {
    readonly file: { readonly index: number; readonly name: string };
    readonly faults: readonly TarFault[];
  }[] = [],
): Promise<void> {
  await connection.run(createTableSql('tar_faults', TAR_FAULT_COLUMNS));
  if (tars.every((tar) => tar.faults.length === 0)) return;
  const rows = await appendTo(connection, '', 'tar_faults');
  for (const { file, faults } of tars)
    for (const fault of faults) {
      rows.appendInteger(file.index);
      rows.appendVarchar(file.name);
      rows.appendVarchar(fault.kind);
      rows.appendBigInt(BigInt(fault.members));
      rows.appendVarchar(fault.first);
      rows.appendVarchar(fault.detail);
      rows.endRow();
    }
  rows.closeSync();
}
