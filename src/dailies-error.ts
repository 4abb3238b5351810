/**
 * What went wrong with the run, as opposed to with the data.
 * `usage`, `config` and `dataset` end the process with exit code 2; `engine` with 3; `interrupted` with 130.
 */
export type FailureCode = 'usage' | 'config' | 'dataset' | 'engine' | 'interrupted';

/** A failure of the run. The message says what, where and which value; the hint says what to do. */
export class DailiesError extends Error {
  override readonly name = 'DailiesError';
  readonly code: FailureCode;
  readonly hint: string | undefined;

  constructor(
    code: FailureCode,
    message: string,
    details: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}
