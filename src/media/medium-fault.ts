/** Why a medium could not be read; the codes are those of evidence rows. */
export type MediumFault = {
  readonly code:
    | 'missing-file'
    | 'not-a-file'
    | 'permission-denied'
    | 'invalid-path'
    | 'changed-while-read'
    | 'refused-address'
    | 'unreachable'
    | 'internal';
  readonly message: string;
};

/** The fault that an error of the file system or of a store stands for. */
export function mediumFaultOf(error: unknown): MediumFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'missing-file':
      return { code: 'missing-file', message };
    case 'EISDIR':
    case 'ENXIO':
    case 'ENOTFILE':
      return { code: 'not-a-file', message };
    case 'EACCES':
    case 'EPERM':
      return { code: 'permission-denied', message };
    case 'ERR_INVALID_ARG_VALUE':
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'invalid-path':
      return { code: 'invalid-path', message };
    case 'changed-while-read':
    case 'refused-address':
      return { code, message };
    case '':
    // A disk or a table of this machine that is full says nothing about the medium or its store.
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EMFILE':
    case 'ENFILE':
    case 'EROFS':
      return { code: 'internal', message };
    default:
      // A disk that gives an error, a store that does not answer or refuses: nobody has seen the medium.
      return { code: 'unreachable', message };
  }
}
