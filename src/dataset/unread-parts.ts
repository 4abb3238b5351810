import type { OpenDataset } from './opened-dataset.ts';

/** What of the manifest could not be read: whole shards, and records that are no rows. */
export function unreadParts(shards: OpenDataset['shards']): readonly string[] {
  const unread = shards.filter((shard) => shard.state === 'unread');
  const badRows = shards.reduce((sum, shard) => sum + shard.badRows, 0);
  const faulty = shards.filter((shard) => shard.faultyRows > 0);
  const faultyRows = faulty.reduce((sum, shard) => sum + shard.faultyRows, 0);
  const cutOff = shards.filter((shard) => shard.cutOff !== null);
  const names = unread.slice(0, 3).map((shard) => shard.name);
  return [
    ...(unread.length > 0
      ? [`${unread.length} shard(s) could not be read: ${names.join(', ')}`]
      : []),
    ...(faulty.length > 0
      ? [
          `${faultyRows} row(s) of ${faulty.length} shard(s) lie in damaged pages: ${faulty[0]?.name ?? ''}: ${faulty[0]?.error ?? ''}`,
        ]
      : []),
    ...(cutOff.length > 0
      ? [
          `${cutOff.length} shard(s) could be read up to a point only: ${cutOff[0]?.name ?? ''}: ${cutOff[0]?.cutOff ?? ''}`,
        ]
      : []),
    ...(badRows > 0 ? [`${badRows} record(s) of the manifest are no rows`] : []),
  ];
}
