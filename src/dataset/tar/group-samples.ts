/** A name taken apart as the WebDataset library does: the key, and all behind the first dot of the last part, in lower case. */
type SplitName = { readonly key: string; readonly extension: string };

/**
 * Key and extension of a member; null for names that the library passes over (no dot, or nothing before it).
 * Source: `base_plus_ext` and `lcase` of webdataset 1.0, tariterators.py.
 */
export function splitName(name: string): SplitName | null {
  // `.` of Python meets all but line feeds.
  const [, key, extension] = /^((?:[^\n]*\/|)[^.]+)[.]([^/]*)$/.exec(name) ?? [];
  return key === undefined || extension === undefined
    ? null
    : { key, extension: extension.toLowerCase() };
}

/** Whether the library passes over a member as metadata: `__name__`, or anything below a folder `__name__/`. */
export function isMetadataName(name: string): boolean {
  return /^__[^/]*__($|\/)/.test(name);
}

/** Fields that every sample has of its own, so that an extension of that name counts as a duplicate. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['__key__', '__url__']);

/** A sample with more members than this is a key that thousands of clips share; the rest is counted and left out. */
const MOST_MEMBERS = 256;

/** What the library makes one training sample of. */
export type Sample<T> = {
  readonly key: string;
  /** By extension, in the order of the tar. */
  readonly members: ReadonlyMap<string, T>;
  /** Extensions that came a second time: the library raises there. */
  readonly duplicates: readonly string[];
  /** Members left out beyond {@link MOST_MEMBERS}. */
  readonly more: number;
};

/**
 * Groups members into samples: those that follow each other and share a key are one, and a key that comes back later is
 * another sample. Source: `group_by_keys` of webdataset 1.0.
 */
export class SampleGrouper<T> {
  #key: string | null = null;
  #members = new Map<string, T>();
  #duplicates: string[] = [];
  #more = 0;

  /** Key of the sample under way, null between two. */
  get key(): string | null {
    return this.#key;
  }

  /** Takes the next member; gives the sample that is complete because this one begins another. */
  add({ key, extension }: SplitName, member: T): Sample<T> | null {
    const finished = key === this.#key ? null : this.end();
    this.#key = key;
    if (this.#members.has(extension) || OWN_FIELDS.has(extension)) {
      if (this.#duplicates.length < MOST_MEMBERS) this.#duplicates.push(extension);
    } else if (this.#members.size < MOST_MEMBERS) this.#members.set(extension, member);
    else this.#more++;
    return finished;
  }

  /** The sample under way, at the end of a tar: samples never go on in the next one. */
  end(): Sample<T> | null {
    if (this.#key === null) return null;
    const sample = {
      key: this.#key,
      members: this.#members,
      duplicates: this.#duplicates,
      more: this.#more,
    };
    this.#key = null;
    this.#members = new Map();
    this.#duplicates = [];
    this.#more = 0;
    return sample;
  }
}
