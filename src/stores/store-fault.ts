/** Why an object could not be read; all but the last two are codes of evidence rows too. */
type StoreFaultCode =
  | 'missing-file'
  | 'permission-denied'
  | 'unreachable'
  | 'invalid-path'
  | 'refused-address'
  | 'changed-while-read';

/**
 * A store that did not give the bytes that were asked for. The message names no credentials: URLs in it went through
 * `shownUrl`. Faults of data: the caller turns them into rows or reasons.
 */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly code: StoreFaultCode;
  /** Whether another attempt may succeed. */
  readonly isPassing: boolean;
  /** What the server asked to wait before the next attempt, in ms; null: nothing. */
  readonly wait_ms: number | null;

  constructor(
    code: StoreFaultCode,
    message: string,
    details: {
      readonly isPassing?: boolean;
      readonly wait_ms?: number | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.isPassing = details.isPassing ?? false;
    this.wait_ms = details.wait_ms ?? null;
  }
}
