import type { DuckDBConnection } from '@duckdb/node-api';

import type { StoreAccess } from '../../stores/access.ts';
import { s3Identity } from '../../stores/s3-client.ts';
import type { ShardFile } from '../shard-file.ts';
import { errorText } from '../rows.ts';
import { quoteLiteral } from '../sql-quote.ts';

/** What made a room able to read URLs, for further databases that look at the same files. */
const SETUPS = new WeakMap<DuckDBConnection, readonly string[]>();

/** Statements that let another database read what this room reads; none where it reads files only. */
export function httpfsSetup(connection: DuckDBConnection): readonly string[] {
  return SETUPS.get(connection) ?? [];
}

/** Whether httpfs knows these URLs: not those whose query would be taken for a pattern, and not those of other stores. */
export function isForHttpfs(shards: readonly ShardFile[]): boolean {
  return shards.every(
    ({ url, format }) =>
      format === 'parquet' && url !== undefined && /^(https?|s3):\/\/[^?#*[\]]+$/i.test(url),
  );
}

/** Loads DuckDB's extension httpfs, if it is installed for this version. Gives why it can't be used, or null. */
export async function loadHttpfs(
  connection: DuckDBConnection,
  shards: readonly ShardFile[],
  access: StoreAccess,
): Promise<string | null> {
  try {
    const setup = ['load httpfs'];
    await connection.run('load httpfs');
    if (shards.some(({ url }) => /^s3:/i.test(url ?? ''))) setup.push(await secretFor(access));
    for (const statement of setup.slice(1)) await connection.run(statement);
    SETUPS.set(connection, setup);
    return null;
  } catch (error) {
    return errorText(error).slice(0, 200);
  }
}

async function secretFor(access: StoreAccess): Promise<string> {
  const { endpoint, region, credentials, isPathStyle } = await s3Identity(access);
  const server = endpoint === null ? null : new URL(endpoint);
  const options = [
    'type s3',
    ...(region === null ? [] : [`region ${quoteLiteral(region)}`]),
    ...(server === null
      ? []
      : [`endpoint ${quoteLiteral(server.host)}`, `use_ssl ${server.protocol === 'https:'}`]),
    `url_style ${quoteLiteral(isPathStyle ? 'path' : 'vhost')}`,
    ...(credentials === null
      ? []
      : [
          `key_id ${quoteLiteral(credentials.accessKeyId)}`,
          `secret ${quoteLiteral(credentials.secretAccessKey)}`,
          ...(credentials.sessionToken === undefined
            ? []
            : [`session_token ${quoteLiteral(credentials.sessionToken)}`]),
        ]),
  ];
  return `create or replace secret dailies_store (${options.join(', ')})`;
}
