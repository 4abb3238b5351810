const THEMES = ['auto', 'light', 'dark'] as const;

/** The button that goes from the system's colours to light to dark; the choice lasts as long as the page. */
export function startTheme(): void {
  const button = document.querySelector<HTMLButtonElement>('#theme');
  if (button === null) return;
  let position = 0;
  const show = (): void => {
    const theme = THEMES[position] ?? 'auto';
    if (theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener('click', () => {
    position = (position + 1) % THEMES.length;
    show();
  });
  button.hidden = false;
  show();
}
