/**
 * Where the bytes of one medium lie: a file, an object of a store, or a range of either (a member of a tar).
 *
 * As text, in a path column: `clips/a.mp4`, `s3://bucket/clips/a.mp4`, `https://host/a.mp4`, and with a range
 * `shards/000.tar/a.mp4#1536+20480`: after the container the member's name, then first byte and length.
 */
export type Medium = {
  /** Absolute path of a local file, or a URL (`s3:`, `https:`, `http:`). */
  readonly source: string;
  /** What of the source is the medium; null: all of it. */
  readonly range: { readonly start_bytes: number; readonly length_bytes: number } | null;
  /** The name whose ending says what the medium claims to be: of the file, or of the member. */
  readonly name: string;
};
