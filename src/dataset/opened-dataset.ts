import type { Progress } from '../progress.ts';
import type { ColumnSummary, ShardSummary } from '../run/document.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { EmbeddedColumn } from './embedded/embedded-columns.ts';
import type { MediaHolder } from './embedded/held-media.ts';
import type { ColumnOverrides } from './map-columns.ts';
import type { PageFault } from './page-faults.ts';
import type { RemoteManifest } from './remote/remote-manifest.ts';
import type { ShardFormat } from './shard-format.ts';
import type { NamedType, RowSource } from './source.ts';

export type OpenOptions = {
  /** Told where opening takes long. */
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Canonical name → the user's column, a path into one, or several columns. */
  readonly columns?: ColumnOverrides;
  /** Directory that media paths are relative to; default: inferred. */
  readonly mediaRoot?: string;
  /** Whether few columns will be read: casts that lose values in a manifest in a store are not looked for then. */
  readonly readsLittle?: boolean;
  /** How stores are asked, for media behind URLs. */
  readonly stores?: StoreAccess;
  /** Shards to leave out, by index, with the reason: those that turned out damaged in a room opened before. */
  readonly exclude?: ReadonlyMap<number, string>;
};

export type OpenShard = ShardSummary & {
  readonly path: string;
  readonly format: ShardFormat;
  /** Records that were no rows. */
  readonly badRows: number;
  /** Rows of row groups that cannot be decoded, left out of `clips`; part of `rows`. */
  readonly faultyRows: number;
  readonly schema: readonly NamedType[];
  /** Damage behind which nothing was read, in words; null if the shard was read to its end. */
  readonly cutOff: string | null;
};

/** A dataset behind the views `manifest` and `clips` and the table `shards`. */
export type OpenDataset = {
  readonly shards: readonly OpenShard[];
  readonly columns: readonly ColumnSummary[];
  readonly rows: number;
  readonly bytes: number;
  readonly format: ShardFormat;
  /** Columns of `clips` that name a medium. */
  readonly mediaColumns: readonly string[];
  /** Columns of `clips` that name files of latents or other features. */
  readonly latentColumns: readonly string[];
  readonly mediaRoot: string;
  /** Columns whose values are media themselves: in `clips` a text stands in for each (see `parseCellText`). */
  readonly embedded: readonly EmbeddedColumn[];
  /** The user's columns whose texts say where in a tar a medium lies: they change whenever it is written anew. */
  readonly places: readonly string[];
  /** Media taken out of such columns, or of compressed tars; null where there are none. */
  readonly held: MediaHolder | null;
  /** False if the key is a path or a row number, so that it does not outlive a re-sharding or a move. */
  readonly isKeyStable: boolean;
  /** Values to list in `set allowed_paths` before the room is closed. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
  /** Row groups that cannot be decoded, as far as known. */
  readonly pageFaults: readonly PageFault[];
  /** What the views were made from. */
  readonly source: RowSource;
  /** Of a dataset in a store: what was fetched of it; null: it lies on disk. */
  readonly remote: RemoteManifest | null;
  /** How media behind URLs are asked for: with care where the manifest itself was fetched. */
  readonly access: StoreAccess;
};

/** Columns of `clips` whose texts stand in for bytes, and say where these lie. */
export function standIns(dataset: OpenDataset): ReadonlySet<string> {
  const inside = new Set([...dataset.embedded.map((column) => column.source), ...dataset.places]);
  return new Set(
    dataset.columns
      .filter((column) => inside.has(column.name))
      .map((column) => column.role ?? column.name),
  );
}
