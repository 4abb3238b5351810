import { DailiesError } from '../../dailies-error.ts';
import type { StoreAccess } from '../../stores/access.ts';
import { type ListedObject, listObjects } from '../../stores/list-objects.ts';
import { StoreFault } from '../../stores/store-fault.ts';
import { nameOfUrl, parentUrl, plainUrl, shownUrl } from '../../stores/store-url.ts';
import { matchGlob } from '../glob.ts';
import { isMediaName, shardFormatOf } from '../shard-format.ts';
import { TABLE_NAMES, tableOfPath } from '../tables/find-table.ts';

/** A file of a dataset in a store. */
type RemoteFile = {
  /** Its URL without query: what it is called. */
  readonly path: string;
  /** What to ask for. */
  readonly url: string;
  /** Null until it is opened. */
  readonly sizeBytes: number | null;
  /** Whether it was named or matched, not met in a folder. */
  readonly isExplicit: boolean;
};

/** Names that end so are files, whatever stands before. */
const ARCHIVE = /\.(tar|tgz|tar\.gz|tar\.zst|zip)$/i;

/** Files of the URLs that were named: single ones, prefixes that end with a slash, or globs. Throws DailiesError `dataset`. */
export async function listInputs(
  inputs: readonly string[],
  access: StoreAccess,
  signal?: AbortSignal,
): Promise<{ readonly files: readonly RemoteFile[]; readonly roots: readonly string[] }> {
  const files: RemoteFile[] = [];
  const roots: string[] = [];
  for (const input of inputs) {
    try {
      const found = await listInput(input, access, signal);
      files.push(...found.files);
      roots.push(found.root);
    } catch (error) {
      if (error instanceof StoreFault)
        throw new DailiesError('dataset', error.message, { cause: error, ...hintOf(error) });
      throw error;
    }
  }
  refuseTwins(files);
  return { files, roots };
}

/** A file is known by its URL without query: two that differ in nothing else would be told as one. */
function refuseTwins(files: readonly RemoteFile[]): void {
  const urls = new Map<string, string>();
  for (const { path, url } of files) {
    if ((urls.get(path) ?? url) !== url)
      throw new DailiesError(
        'usage',
        `${shownUrl(path)}: several URLs differ only in their query`,
        {
          hint: 'copy the files to names of their own: findings name a file by its URL without query',
        },
      );
    urls.set(path, url);
  }
}

function hintOf(fault: StoreFault): { readonly hint?: string } {
  switch (fault.code) {
    case 'permission-denied':
      return {
        hint: 'credentials come from the environment: AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, HF_TOKEN; --anonymous asks without',
      };
    case 'unreachable':
      return { hint: 'check the network, --endpoint and stores: in dailies.yaml' };
    default:
      return {};
  }
}

async function listInput(
  input: string,
  access: StoreAccess,
  signal: AbortSignal | undefined,
): Promise<{ readonly files: readonly RemoteFile[]; readonly root: string }> {
  if (/^https?:/i.test(input)) {
    if (/^https?:\/\/[^/]*(\/([^?#]*\/)?)?$/i.test(input))
      throw new DailiesError('dataset', `${shownUrl(input)}: folders cannot be listed over HTTP`, {
        hint: 'name the files: https://host/set/{000..012}.parquet',
      });
    const urls = expandBraces(input);
    return {
      files: urls.map((url) => ({
        path: plainUrl(url),
        url,
        sizeBytes: null,
        isExplicit: true,
      })),
      root: commonPrefix(urls.map((url) => plainUrl(parentUrl(url)))),
    };
  }
  const at = input.search(/[*?[{]/);
  const name = nameOfUrl(input);
  if (at < 0 && (shardFormatOf(name) !== null || isMediaName(name) || ARCHIVE.test(name)))
    return {
      files: [{ path: input, url: input, sizeBytes: null, isExplicit: true }],
      root: parentUrl(input),
    };
  const folder = at < 0 ? `${input.replace(/\/+$/, '')}/` : parentUrl(input.slice(0, at));
  const objects: ListedObject[] = [];
  for await (const object of listObjects(folder, access, signal)) objects.push(object);
  const matching = objects.filter(({ url }) =>
    at < 0 ? !isHidden(url.slice(folder.length)) : matchGlob(input, url),
  );
  refuseTables(folder, objects);
  if (matching.length === 0)
    throw new DailiesError(
      'dataset',
      at < 0 ? `${folder}: no objects there` : `${input}: no object matches`,
      objects.length > 0
        ? { hint: `${folder} holds ${objects.length.toLocaleString('en')} other object(s)` }
        : { hint: 'a prefix is looked up as it stands: check bucket, spelling and --endpoint' },
    );
  return {
    files: matching
      .map(({ url, sizeBytes }) => ({ path: url, url, sizeBytes, isExplicit: at >= 0 }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    root: folder,
  };
}

/** As in a folder on disk: names that begin with a dot or an underscore, but for partitions. */
function isHidden(name: string): boolean {
  return name
    .split('/')
    .some((part) => part.startsWith('.') || (part.startsWith('_') && !part.includes('=')));
}

/** The files of a table of versions are not its rows: removed ones are still there. */
function refuseTables(folder: string, objects: readonly ListedObject[]): void {
  const found = objects.find(({ url }) => tableOfPath(url.slice(folder.length)) !== null);
  const kind = found === undefined ? null : tableOfPath(found.url.slice(folder.length));
  if (found === undefined || kind === null) return;
  throw new DailiesError(
    'dataset',
    `${folder} holds a table of ${TABLE_NAMES[kind]}: ${found.url}`,
    {
      hint: 'which of its files are its rows is not read from a store: copy the table to a disk, or export it as Parquet',
    },
  );
}

/** `shard-{000..012}.parquet` and `{train,test}.csv` of web addresses, which have no listing. */
function expandBraces(url: string): string[] {
  const range = /\{(\d+)\.\.(\d+)\}/.exec(url);
  if (range !== null) {
    const [whole, first = '', last = ''] = range;
    const count = Number(last) - Number(first) + 1;
    if (count < 1 || count > 100_000)
      throw new DailiesError('usage', `${shownUrl(url)}: ${whole} is no range`);
    return Array.from({ length: count }, (_, i) =>
      url.replace(whole, String(Number(first) + i).padStart(first.length, '0')),
    ).flatMap(expandBraces);
  }
  const list = /\{([^{}]+)\}/.exec(url);
  if (list === null) return [url];
  return (list[1] ?? '').split(',').flatMap((each) => expandBraces(url.replace(list[0], each)));
}

/** The longest folder that all of these lie in; never shorter than host or bucket. */
export function commonPrefix(folders: readonly string[]): string {
  const [first = '', ...rest] = folders;
  let parts = first.split('/').slice(0, -1);
  for (const folder of rest) {
    const others = folder.split('/');
    const differs = parts.findIndex((part, i) => part !== others[i]);
    if (differs >= 0) parts = parts.slice(0, differs);
  }
  if (parts.length < 3)
    throw new DailiesError('usage', 'the URLs name several hosts or buckets', {
      hint: 'the shards of one dataset lie in one',
    });
  return `${parts.join('/')}/`;
}
