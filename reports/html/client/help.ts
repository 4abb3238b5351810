import { button, element } from './dom.ts';
import { TABLE_WORDS } from './words.ts';

/** The dialog with keys and filter words, and the switch for single-key shortcuts (WCAG 2.1.4). */
export function makeHelp(shortcuts: { isOn: boolean }): HTMLDialogElement {
  const toggle = element('input', { type: 'checkbox', id: 'shortcuts', checked: shortcuts.isOn });
  toggle.addEventListener('change', () => {
    shortcuts.isOn = toggle.checked;
  });
  const dialog = element(
    'dialog',
    { id: 'help', 'aria-labelledby': 'help-heading' },
    element('h2', { id: 'help-heading' }, 'Keys and filters'),
    pairs(TABLE_WORDS.keys),
    pairs(TABLE_WORDS.tokens),
    element('p', {}, toggle, element('label', { for: 'shortcuts' }, ' Single-key shortcuts')),
  );
  dialog.append(button('Close', () => dialog.close(), { autofocus: true }));
  return dialog;
}

function pairs(rows: readonly (readonly [string, string])[]): HTMLElement {
  return element(
    'dl',
    { class: 'pairs' },
    ...rows.map(([name, text]) =>
      element('div', {}, element('dt', {}, element('code', {}, name)), element('dd', {}, text)),
    ),
  );
}
