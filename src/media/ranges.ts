/**
 * Bounded random access to the bytes of one medium: what every probe reads through.
 *
 * A local file today; an object, a tar member or a column of bytes implement the same three members.
 */
export type RangeReader = {
  /** Size of the whole medium. */
  readonly sizeBytes: number;
  /** Bytes handed out so far, and how many separate ranges were asked of the store. */
  readonly spent: () => { readonly bytesRead: number; readonly requests: number };
  /** Bytes [start, start + length), shorter at the end of the medium; never throws for a range past the end. */
  readonly read: (start: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
};
