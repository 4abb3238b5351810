import type { DuckDBConnection } from '@duckdb/node-api';

import pMap from 'p-map';

import { mediumFaultOf } from '../../media/medium-fault.ts';
import { leavesArchive } from '../../media/medium-text.ts';
import { type Progress, SILENT } from '../../progress.ts';
import { isStoreUrl } from '../../stores/store-url.ts';
import type { ShardFile } from '../shard-file.ts';
import { appendTo, type RowAppender } from '../row-store.ts';
import { errorText } from '../rows.ts';
import { DecompressionFault } from '../unzstd.ts';
import { isMetadataName, type Sample, SampleGrouper, splitName } from './group-samples.ts';
import type { TarAccess } from './open-tar.ts';
import { fieldsOf, longestContent, memberText, type SampleMember } from './sample-fields.ts';
import { createTarFaultsTable, TarFaults } from './tar-faults.ts';
import type { TarFault } from './tar-tables.ts';
import { walkMembers } from './walk-members.ts';
import { isWholeEnd, type TarEnd, type TarMember } from './walk-tar.ts';

/** What one pass over a tar found; its samples are rows of {@link TAR_LINES}. */
export type IndexedTar = {
  readonly file: ShardFile;
  /** Why nothing of it was read, null if something was. */
  readonly error: string | null;
  readonly members: number;
  readonly samples: number;
  /** Damage behind which nothing was read, in words; null if it was read to its end. */
  readonly cutOff: string | null;
  /** Extensions of its samples, and in how many each stands. */
  readonly extensions: ReadonlyMap<string, number>;
  readonly faults: readonly TarFault[];
  /** Its members are those of an index beside it: no headers were read. */
  readonly isByIndex: boolean;
};

/** Samples as they were found, in order; `fields` are members of a JSON object, `extensions` and `duplicates` JSON lists. */
export const TAR_LINES = 'tar_lines';

const TAR_LINE_COLUMNS = [
  'shard_id integer',
  'sample bigint',
  '"key" varchar',
  'extensions varchar',
  'duplicates varchar',
  'fields varchar',
];

/** Names with dots inside make every number in them an extension: beyond so many, no more become columns. */
const MOST_FIELDS = { plain: 256, dotted: 64 };

/** Content of the members of one sample that is kept. */
const MOST_SAMPLE_BYTES = 16 * 1024 * 1024;

/**
 * Reads tars by one pass over the headers of each, keeps what their samples hold in {@link TAR_LINES} (behind `prefix`), and fills
 * `tar_faults`. Damage costs the rest of its tar and never more.
 */
export async function indexTars(
  connection: DuckDBConnection,
  prefix: string,
  files: readonly ShardFile[],
  access: TarAccess,
  progress: Progress = SILENT,
): Promise<readonly IndexedTar[]> {
  await connection.run(
    `create or replace table ${prefix}${TAR_LINES} (${TAR_LINE_COLUMNS.join(', ')})`,
  );
  const lines = await appendTo(connection, prefix, TAR_LINES);
  const fields = new FieldNames();
  const stage = progress.stage('read the tars', files.length);
  const indexOne = async (file: ShardFile): Promise<IndexedTar> => {
    access.signal?.throwIfAborted();
    const tar = await new TarIndexer(file, lines, fields, access).run();
    stage.advance();
    return tar;
  };
  // A disk gains nothing by several walks, a store answers many at once.
  const isRemote = files.some((file) => isStoreUrl(file.path));
  let indexed: readonly IndexedTar[];
  try {
    indexed = await pMap(files, indexOne, {
      concurrency: isRemote ? access.stores.concurrency : 1,
    });
  } finally {
    lines.closeSync();
  }
  stage.done();
  await createTarFaultsTable(connection, indexed);
  return indexed;
}

/** Extensions that become columns, of all tars together. */
class FieldNames {
  readonly #plain = new Set<string>();
  readonly #dotted = new Set<string>();

  has(extension: string): boolean {
    const isDotted = extension.includes('.');
    const own = isDotted ? this.#dotted : this.#plain;
    if (own.has(extension)) return true;
    if (own.size >= (isDotted ? MOST_FIELDS.dotted : MOST_FIELDS.plain)) return false;
    own.add(extension);
    return true;
  }
}

/** One tar on its way into the tables. */
class TarIndexer {
  readonly #file: ShardFile;
  readonly #lines: RowAppender;
  readonly #fields: FieldNames;
  readonly #access: TarAccess;
  readonly #faults = new TarFaults();
  readonly #grouper = new SampleGrouper<SampleMember>();
  readonly #extensions = new Map<string, number>();
  #members = 0;
  #samples = 0;
  #sampleBytes = 0;
  #isByIndex = false;
  /** Extensions of the sample that was written last. */
  #usual: readonly string[] = [];
  /** Its size by whoever gave it; null: nobody said. */
  #bytes: number | null = null;
  #pending: { readonly at: number; readonly keep: () => void } | null = null;

  constructor(file: ShardFile, lines: RowAppender, fields: FieldNames, access: TarAccess) {
    this.#file = file;
    this.#access = access;
    this.#lines = lines;
    this.#fields = fields;
  }

  async run(): Promise<IndexedTar> {
    let cutOff: string | null = null;
    try {
      const end = await this.#walk();
      if (end?.outcome === 'not-a-tar') return this.#result(end.message, null);
      if (end !== null && end.outcome !== 'whole') this.#faults.add(end.outcome, '', end.message);
      if (end !== null && !isWholeEnd(end)) cutOff = end.message;
    } catch (error) {
      this.#access.signal?.throwIfAborted();
      const isDamaged = error instanceof DecompressionFault;
      const text = isDamaged ? error.message : mediumFaultOf(error).message;
      if (this.#members === 0) return this.#result(errorText(new Error(text)), null);
      this.#faults.add(isDamaged ? 'decompression' : 'unreachable', '', text);
      cutOff = text;
    }
    const last = this.#grouper.end();
    // What the damage cut in two is no sample with a field missing: it has less than the one before.
    const isCut = cutOff !== null && this.#usual.some((each) => last?.members.has(each) !== true);
    if (!isCut) this.#write(last);
    return this.#result(null, cutOff);
  }

  async #walk(): Promise<TarEnd | null> {
    const end = await walkMembers(this.#file, this.#access, {
      begin: ({ sizeBytes, index }) => {
        this.#bytes = sizeBytes;
        this.#isByIndex = index.state === 'valid';
        if (index.state !== 'stale') return;
        const message = `the index ${index.path} is not of this tar: ${index.reason}`;
        this.#faults.add('stale-index', '', message);
      },
      take: async (member) => {
        this.#settle();
        this.#members++;
        await this.#take(member);
        return false;
      },
    });
    this.#settle(end?.at_bytes);
    return end;
  }

  /** Of a stream only the next step tells whether a member was whole. */
  #settle(end_bytes = Infinity): void {
    if (this.#pending !== null && end_bytes >= this.#pending.at) this.#pending.keep();
    this.#pending = null;
  }

  async #take(member: TarMember): Promise<void> {
    const { name } = member;
    if (member.fault !== null) this.#faults.add('long-name', name, member.fault);
    else if (member.kind === 'link' || member.kind === 'sparse')
      this.#faults.add(member.kind, name);
    if (member.fault !== null || member.kind !== 'file' || isMetadataName(name)) return;
    const split = splitName(name);
    if (split === null) {
      this.#faults.add('no-extension', name);
      return;
    }
    // Its content is not read here, and who would open the medium refuses it by its name.
    const isSafe = !leavesArchive(name);
    if (!isSafe) this.#faults.add('unsafe-name', name);
    const isNext = split.key !== this.#grouper.key;
    if (isNext) this.#sampleBytes = 0;
    const kept = {
      name,
      content: isSafe ? await this.#read(member, split.extension) : null,
      text: memberText(this.#file, member),
    };
    this.#pending = {
      at: member.start_bytes,
      keep: () => this.#write(this.#grouper.add(split, kept)),
    };
  }

  async #read(member: TarMember, extension: string): Promise<Uint8Array | null> {
    const most = longestContent(extension);
    if (most === null) return null;
    const { name, length_bytes } = member;
    if (length_bytes > most || this.#sampleBytes + length_bytes > MOST_SAMPLE_BYTES) {
      this.#faults.add('long-text', name, `${length_bytes} bytes`);
      return null;
    }
    this.#sampleBytes += length_bytes;
    return Uint8Array.from(await member.read(length_bytes));
  }

  #write(sample: Sample<SampleMember> | null): void {
    if (sample === null) return;
    if (sample.more > 0) this.#faults.add('many-members', sample.key);
    const extensions = [...sample.members.keys()];
    this.#usual = extensions;
    for (const extension of extensions)
      this.#extensions.set(extension, (this.#extensions.get(extension) ?? 0) + 1);
    const isField = (extension: string): boolean => {
      const isOne = this.#fields.has(extension);
      if (!isOne) this.#faults.add('many-fields', sample.members.get(extension)?.name ?? '');
      return isOne;
    };
    this.#lines.appendInteger(this.#file.index);
    this.#lines.appendBigInt(BigInt(this.#samples++));
    this.#lines.appendVarchar(sample.key);
    this.#lines.appendVarchar(JSON.stringify(extensions));
    this.#lines.appendVarchar(JSON.stringify(sample.duplicates));
    this.#lines.appendVarchar(fieldsOf(sample, isField, this.#faults));
    this.#lines.endRow();
  }

  #result(error: string | null, cutOff: string | null): IndexedTar {
    return {
      file: { ...this.#file, bytes: this.#bytes ?? this.#file.bytes },
      error,
      members: this.#members,
      samples: this.#samples,
      cutOff,
      extensions: this.#extensions,
      faults: this.#faults.all(),
      isByIndex: this.#isByIndex,
    };
  }
}
