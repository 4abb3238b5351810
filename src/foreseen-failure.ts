import { DailiesError } from './dailies-error.ts';

/** What the system says about a folder that a run cannot write to. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file is in the way',
};

/** A failure of the machine that a user can do something about, in words and with a hint; others are handed back as they are. */
export function foreseenFailure(cause: unknown): unknown {
  if (cause instanceof DailiesError || !(cause instanceof Error)) return cause;
  if (cause.message.startsWith('Out of Memory Error')) {
    return new DailiesError('engine', `DuckDB: ${cause.message.split('\n')[0] ?? ''}`, {
      cause,
      hint: 'give it more with --memory-limit, or memory_limit in dailies.yaml; fewer --workers need less',
    });
  }
  const why = 'code' in cause ? UNWRITABLE[String(cause.code)] : undefined;
  if (why === undefined || !('path' in cause)) return cause;
  return new DailiesError('usage', `${String(cause.path)} cannot be written: ${why}`, {
    cause,
    hint: 'runs and evidence go below .dailies in the working directory: choose other folders with --run-dir and --cache-dir',
  });
}
