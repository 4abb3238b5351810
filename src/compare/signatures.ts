import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DailiesError } from '../dailies-error.ts';

/** One row per clip: what a later comparison needs, so that neither the data nor the media are read again. */
export const SIGNATURE_FILE = 'signatures.parquet';
const INDEX_FILE = 'signatures.json';

/** Version of the signatures; a change of hashes or columns raises it. */
const SIGNATURE_VERSION: number = 1;

/** What `signatures.parquet` holds beside `clip_id` and `key`. */
export type SignatureIndex = {
  readonly version: number;
  readonly isKeyStable: boolean;
  readonly columns: readonly SignatureColumn[];
};

export type SignatureColumn = {
  /** Name in `clips` and in the file. */
  readonly name: string;
  /** What the user calls it. */
  readonly source: string;
  /** DuckDB type in the dataset. */
  readonly type: string;
  /** The file holds the first 64 bits of md5 of the value as text, not the value. */
  readonly isHashed: boolean;
};

/** Writes what the signatures mean. */
export async function writeSignatureIndex(folder: string, index: SignatureIndex): Promise<void> {
  await writeFile(join(folder, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
}

/**
 * Reads what the signatures of a run mean.
 *
 * @throws {DailiesError} usage, if the run has none or another release wrote them.
 */
export async function readSignatureIndex(folder: string): Promise<SignatureIndex> {
  let index: SignatureIndex;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: dailies itself wrote the file, and its version says which one
    index = JSON.parse(await readFile(join(folder, INDEX_FILE), 'utf8')) as SignatureIndex;
  } catch (cause) {
    throw new DailiesError('usage', `${folder}: the run has no signatures to compare by`, {
      cause,
      hint: 'scan the dataset again, or give the dataset in place of the run folder',
    });
  }
  if (index.version !== SIGNATURE_VERSION) {
    throw new DailiesError(
      'usage',
      `${folder}: signatures of version ${index.version}, this release reads ${SIGNATURE_VERSION}`,
      { hint: 'scan the dataset again with this release' },
    );
  }
  return index;
}
