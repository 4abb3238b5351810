import { StoreFault } from './store-fault.ts';

/** Answers that may be others a moment later. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504, 509]);

/** Errors of the system and of TLS after which another attempt makes sense. */
const PASSING_ERRORS = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** The fault that a status other than 200 and 206 stands for; `words` are the server's own. */
export function faultOfStatus(
  shown: string,
  status: number,
  words: string,
  retryAfter: string | null,
): StoreFault {
  const message = `${shown}: ${status}${words === '' ? '' : ` ${words}`}`;
  switch (status) {
    case 404:
    case 410:
      return new StoreFault('missing-file', message);
    case 401:
    case 403:
    case 407:
      return new StoreFault('permission-denied', message);
    case 412:
      return new StoreFault('changed-while-read', `${shown} was replaced while it was read (412)`);
    case 416:
      return new StoreFault('changed-while-read', `${shown}: ${status}: it has become shorter`);
    default:
      return new StoreFault('unreachable', message, {
        isPassing: PASSING.has(status),
        wait_ms: waitOf(retryAfter),
      });
  }
}

/** Retry-After in ms: seconds, or a date (RFC 9110, 10.2.3). */
function waitOf(retryAfter: string | null): number | null {
  if (retryAfter === null) return null;
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter) * 1000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** The fault that an error of the connection stands for; a StoreFault is itself. */
export function faultOfError(shown: string, error: unknown): StoreFault {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++)
    if (each instanceof StoreFault) return each;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  const isCut = message === 'aborted' || message === 'socket hang up';
  return new StoreFault(
    'unreachable',
    `${shown}: ${oneLine(code === '' ? message : `${code} ${message}`)}`,
    {
      isPassing: isCut || PASSING_ERRORS.has(code),
      cause: error,
    },
  );
}

/** The words of an error page: code and message of S3's XML, else the first of its text. */
export function wordsOf(body: string): string {
  const code = /<Code>([^<]{1,100})<\/Code>/.exec(body)?.[1];
  const message = /<Message>([^<]{1,300})<\/Message>/.exec(body)?.[1];
  if (code !== undefined || message !== undefined)
    return oneLine([code, message].filter((each) => each !== undefined).join(': '));
  const title = /<title>([^<]{1,200})<\/title>/i.exec(body)?.[1];
  return oneLine(title ?? (body.includes('<') ? '' : body)).slice(0, 200);
}

function oneLine(text: string): string {
  return maskQueries(text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim());
}

/** Error pages may quote the URL that was asked, with its signature. */
function maskQueries(text: string): string {
  return text.replaceAll(/([?&][^=\s&]+=)[^\s&"'<>]+/g, '$1…');
}
