/** Opens the folded rule that a link leads to, and what lies around it. */
export function startPageLinks(): void {
  window.addEventListener('hashchange', reveal);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
    if (link?.getAttribute('href') === location.hash) reveal();
  });
  window.addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('.rule'))
      details.open = true;
  });
  reveal();
}

function reveal(): void {
  if (!/^#[\w-]+$/.test(location.hash)) return;
  const target = document.getElementById(location.hash.slice(1));
  if (target === null) return;
  for (let node: Element | null = target; node !== null; node = node.parentElement)
    if (node instanceof HTMLDetailsElement) node.open = true;
  target.scrollIntoView({ block: 'start' });
}
