import { openFileRanges } from './file-ranges.ts';
import { type MediumFault, mediumFaultOf } from './medium-fault.ts';
import type { Medium } from './medium.ts';
import { isUrl } from './medium-text.ts';
import type { RangeReader } from './ranges.ts';

/** A medium that is open for bounded reads, with what its place says of it. */
export type OpenMedium = {
  readonly ok: true;
  readonly medium: Medium;
  readonly reader: RangeReader;
  /** When the file or its container was last written, ms since the epoch; null where nobody says. */
  readonly modified_ms: number | null;
};

/** Why a medium could not be opened. */
export type UnopenedMedium = { readonly ok: false } & MediumFault;

/**
 * Opens a medium wherever it lies: what every probe reads through. The caller has checked that it may be read, and closes the
 * reader. Never throws for what is or is not there; reads may fail later, with errors that {@link mediumFaultOf} knows.
 */
export async function openMedium(medium: Medium): Promise<OpenMedium | UnopenedMedium> {
  if (isUrl(medium.source))
    return { ok: false, code: 'unreachable', message: 'remote media are not read yet' };
  try {
    return { ok: true, medium, ...(await openFileRanges(medium.source, medium.range)) };
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
}
