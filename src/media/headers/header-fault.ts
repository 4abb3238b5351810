import type { MediaErrorCode } from '../../probes/evidence-tables.ts';

/**
 * A header that cannot be made sense of.
 *
 * Thrown and caught inside the header readers only: at their border it becomes an error row.
 */
export class HeaderFault extends Error {
  override readonly name = 'HeaderFault';
  readonly code: MediaErrorCode;
  /** Where the file must end by what was read before the fault, null if nothing said so. */
  readonly declaredEndBytes: number | null;

  constructor(code: MediaErrorCode, message: string, declaredEndBytes: number | null = null) {
    super(message);
    this.code = code;
    this.declaredEndBytes = declaredEndBytes;
  }
}
