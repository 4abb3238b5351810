import { neutralise, splitVisible } from '../../visible-text.ts';

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and children; strings become text nodes, never HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) made.append(typeof child === 'string' ? neutralise(child) : child);
  return made;
}

/** A button that does something. */
export function button(
  text: string,
  act: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', act);
  return made;
}

/** Text from data: isolated in direction, with nothing invisible in it. */
export function hostile(text: string): HTMLElement {
  return element(
    'bdi',
    {},
    ...splitVisible(text).map((piece) =>
      piece.kind === 'plain'
        ? piece.text
        : element('span', { class: 'unseen', title: piece.name }, piece.text),
    ),
  );
}

const SVG = 'http://www.w3.org/2000/svg';

/** The shape of a severity, as the static page draws it. */
export function severityShape(severity: 'error' | 'warning' | 'note'): SVGElement {
  const icon = document.querySelector<SVGElement>(`svg.icon.${severity}`);
  const copy = icon?.cloneNode(true);
  return copy instanceof SVGElement ? copy : document.createElementNS(SVG, 'svg');
}
