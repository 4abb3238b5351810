import { expect, it } from 'vitest';

import { Database } from '../src/engine/database.ts';

async function open(): Promise<Database> {
  return Database.open({ memoryLimit: '200MB' });
}

const ENDLESS = 'select count(*) as n from range(10000000000) as a(i) where hash(i) % 7 = 3';

it('stops the query that runs', async () => {
  const database = await open();
  const running = database.rows(ENDLESS);
  setTimeout(() => database.interrupt(), 20);

  await expect(running).rejects.toThrow('Interrupted');

  database.close();
});

it('stops what is started after an interruption that met no query', async () => {
  const database = await open();
  database.interrupt();

  await expect(database.rows('select 1')).rejects.toMatchObject({ code: 'interrupted' });
  await expect(database.run('select 1')).rejects.toMatchObject({ code: 'interrupted' });
  await expect(database.connection.run(ENDLESS)).rejects.toThrow('Interrupted');

  database.close();
});
