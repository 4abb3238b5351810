import { openIsland } from '../island-decode.ts';
import { copyText } from './clipboard.ts';
import { button } from './dom.ts';
import { startFindings } from './findings-view.ts';
import { startPageLinks } from './page-links.ts';
import { startPlayers } from './players.ts';
import { startShardHover } from './shard-hover.ts';
import { startTheme } from './theme.ts';
import { unpackIsland } from './unpack.ts';

async function start(): Promise<void> {
  startTheme();
  startPageLinks();
  startCommand();
  startPlayers();
  const island = document.querySelector('#findings-island');
  const place = document.querySelector<HTMLElement>('#findings-table');
  if (island === null || place === null) {
    document.documentElement.dataset['ready'] = '';
    return;
  }
  try {
    const table = openIsland(await unpackIsland(island.textContent));
    startFindings(table, place);
    const shards = Number(document.body.dataset['shards']);
    startShardHover(table, shards);
    for (const link of document.querySelectorAll<HTMLElement>('.in-table')) link.hidden = false;
  } catch {
    const failed = document.querySelector<HTMLElement>('#findings-failed');
    if (failed !== null) failed.hidden = false;
  }
  document.documentElement.dataset['ready'] = '';
}

function startCommand(): void {
  const command = document.querySelector('.command');
  if (command === null) return;
  const copy = button('Copy command', () => {
    void copyText(command.textContent).then((isCopied) => {
      copy.textContent = isCopied ? 'Copied' : 'Select and copy it';
    });
  });
  command.after(copy);
}

void start();
