import { describe, expect, it } from 'vitest';

import { textHash } from '../src/dataset/text-hash.ts';
import { selectShared } from '../src/judge/ledger.ts';

describe('expressions that rules and columns of the ledger have in common', () => {
  const shared = [textHash('caption'), 'length(caption)', 'lower(caption)'];

  it.each(shared)('are computed once a row: %s', (sql) => {
    const statement = selectShared(`case when ${sql} is null then 0 end, if(true, ${sql}, null)`);

    expect(statement.split(sql)).toHaveLength(2);
  });

  it('stay as they are inside of texts, comments and the names of columns', () => {
    const list = `'lower(caption)', "lower(caption)", clips.lower(caption) -- lower(caption)\n`;

    expect(selectShared(list)).toContain(list);
  });
});
