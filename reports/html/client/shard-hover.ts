import type { FindingsTable } from '../island-decode.ts';
import { writeToken } from '../query.ts';
import { spellOut } from '../../visible-text.ts';

/** Under the pointer a shard strip names the shard and its stored findings; a click filters the table by it. */
export function startShardHover(table: FindingsTable, shardCount: number): void {
  for (const strip of document.querySelectorAll<HTMLElement>('.shard-strip')) {
    const picture = strip.querySelector('svg');
    const label = strip.querySelector<HTMLElement>('figcaption span:nth-child(2)');
    const group = table.groups.findIndex((candidate) => candidate.rule === strip.dataset['rule']);
    if (picture === null || label === null || group < 0) continue;
    const usual = label.textContent;
    const counts = countByShard(table, group, shardCount);
    const shardAt = (event: PointerEvent | MouseEvent): number => {
      const box = picture.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      return Math.max(0, Math.min(shardCount - 1, Math.floor(share * shardCount)));
    };
    picture.addEventListener('pointermove', (event) => {
      const shard = shardAt(event);
      label.textContent = `${spellOut((table.shards[shard] ?? '').slice(0, 80))}: ${(counts[shard] ?? 0).toLocaleString('en-US')} in the table`;
    });
    picture.addEventListener('pointerleave', () => {
      label.textContent = usual;
    });
    picture.addEventListener('click', (event) => {
      const shard = shardAt(event);
      const name = table.shards[shard];
      if (name === undefined || (counts[shard] ?? 0) === 0) return;
      const query = [
        writeToken({ field: 'rule', text: strip.dataset['rule'] ?? '', isNegated: false }),
        writeToken({ field: 'shard', text: name, isNegated: false }),
      ].join(' ');
      location.hash = new URLSearchParams({ q: query }).toString();
    });
    strip.classList.add('live');
  }
}

function countByShard(table: FindingsTable, group: number, shardCount: number): Uint32Array {
  const counts = new Uint32Array(shardCount);
  for (let index = 0; index < table.count; index += 1) {
    if (table.groupOf[index] !== group) continue;
    const shard = table.shardOf[index] ?? -1;
    if (shard >= 0 && shard < shardCount) counts[shard] = (counts[shard] ?? 0) + 1;
  }
  return counts;
}
