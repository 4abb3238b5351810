import type { Command } from 'commander';

import { DailiesError } from '../dailies-error.ts';
import type { StoreAccess } from '../stores/access.ts';

/** How stores are asked: flags of every command that reads a dataset. */
export type StoreFlags = {
  readonly endpoint?: string;
  readonly anonymous?: boolean;
  readonly allowPrivateAddresses?: boolean;
};

/** Declares how stores are asked; all else stands under `stores:` in dailies.yaml. */
export function addStoreFlags(command: Command): Command {
  return command
    .option('--endpoint <url>', 'S3-compatible server that s3:// URLs are asked of')
    .option('--anonymous', 'ask buckets without a signature, as public ones')
    .option(
      '--allow-private-addresses',
      'let a fetched manifest name hosts at loopback, link-local and private addresses',
    );
}

/**
 * Flags over settings.
 *
 * @throws {DailiesError} usage, for an endpoint that is no URL of a server.
 */
export function applyStoreFlags(stores: StoreAccess, flags: StoreFlags): StoreAccess {
  const { endpoint, anonymous, allowPrivateAddresses } = flags;
  if (endpoint !== undefined && !/^https?:\/\/[^/?#@\s]+\/?$/i.test(endpoint))
    throw new DailiesError('usage', '--endpoint is no URL of a server', {
      hint: 'as in --endpoint https://minio.example.com:9000; credentials come from the environment',
    });
  return {
    ...stores,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(anonymous === undefined ? {} : { isAnonymous: anonymous }),
    ...(allowPrivateAddresses === undefined
      ? {}
      : { allowsPrivateAddresses: allowPrivateAddresses }),
  };
}
