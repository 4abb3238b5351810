import { faultOfError, faultOfStatus } from './answer-fault.ts';
import { StoreFault } from './store-fault.ts';

/** Codes of S3 that ask for another attempt whatever their status. */
const PASSING = new Set([
  'SlowDown',
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'Throttling',
]);

/** The fault that an error of the AWS SDK stands for. */
export function faultOfS3(shown: string, error: unknown): StoreFault {
  const status = numberAt(error, ['$metadata', 'httpStatusCode']);
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  if (/^(CredentialsProviderError|TokenProviderError|ProviderError)$/.test(name))
    return new StoreFault(
      'permission-denied',
      `${shown}: no credentials were found: ${message.slice(0, 200)}; public buckets need stores: anonymous: true`,
    );
  // Answers that the SDK cannot parse come as errors of its own with the status of the answer.
  if (status === null || status < 300) return faultOfError(shown, error);
  if (PASSING.has(name))
    return new StoreFault('unreachable', `${shown}: ${status} ${name}`, { isPassing: true });
  const retryAfter = textAt(error, ['$response', 'headers', 'retry-after']);
  const words = [name, message]
    .filter((each) => each !== '' && !/^(Unknown|UnknownError|Error|\d+)$/.test(each))
    .join(': ');
  return faultOfStatus(shown, status, words.replaceAll(/\s+/g, ' ').slice(0, 300), retryAfter);
}

/** The HTTP status of an error of the SDK; null: it came without an answer. */
export function statusOfS3(error: unknown): number | null {
  return numberAt(error, ['$metadata', 'httpStatusCode']);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}

function numberAt(value: unknown, path: readonly string[]): number | null {
  const found = valueAt(value, path);
  return typeof found === 'number' ? found : null;
}

function textAt(value: unknown, path: readonly string[]): string | null {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : null;
}
