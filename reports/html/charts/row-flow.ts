import type { RowFlow } from '../../../src/compare/diff-document.ts';
import { FLOW_WORDS } from '../../diff-words.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';

const WIDTH = 720;
const BAR_HEIGHT = 18;
const GAP = 26;

type Flow = 'unchanged' | 'changed' | 'rekeyed' | 'removed' | 'added';

/** The rows of both versions as two bars: what stayed runs through, what went ends, what came begins. */
export function rowFlowPicture(flow: RowFlow): Markup {
  const total = Math.max(1, flow.beforeRows, flow.afterRows);
  const scale = WIDTH / total;
  const kept = (['unchanged', 'changed', 'rekeyed'] as const).map((kind) => ({
    kind,
    rows: flow[kind],
  }));
  const through: Markup[] = [];
  let at = 0;
  for (const { kind, rows } of kept) {
    if (rows > 0)
      through.push(
        band(kind, at * scale, rows * scale, 0, BAR_HEIGHT),
        band(kind, at * scale, rows * scale, BAR_HEIGHT, GAP, 'passage'),
        band(kind, at * scale, rows * scale, BAR_HEIGHT + GAP, BAR_HEIGHT),
      );
    at += rows;
  }
  const said = `${formatCount(flow.beforeRows)} rows before, ${formatCount(flow.afterRows)} after: ${kept.map(({ kind, rows }) => `${formatCount(rows)} ${FLOW_WORDS[kind]}`).join(', ')}, ${formatCount(flow.removed)} removed, ${formatCount(flow.added)} added.`;
  return markup`<figure class="flow"><svg viewBox="0 0 ${WIDTH} ${2 * BAR_HEIGHT + GAP}" role="img" aria-label="${said}" preserveAspectRatio="none"><title>${said}</title>${through}${
    flow.removed > 0 ? band('removed', at * scale, flow.removed * scale, 0, BAR_HEIGHT) : null
  }${
    flow.added > 0
      ? band('added', at * scale, flow.added * scale, BAR_HEIGHT + GAP, BAR_HEIGHT)
      : null
  }</svg><figcaption><span>above: ${formatCount(flow.beforeRows)} rows before; below: ${formatCount(flow.afterRows)} after</span></figcaption></figure>
  <table class="flow-table"><thead><tr><th scope="col">rows</th><th scope="col" class="number">count</th><th scope="col" class="number">share</th></tr></thead><tbody>${[
    ...kept,
    { kind: 'removed' as const, rows: flow.removed },
    { kind: 'added' as const, rows: flow.added },
  ].map(({ kind, rows }) =>
    flowRow(kind, rows, kind === 'added' ? flow.afterRows : flow.beforeRows),
  )}${
    flow.returned > 0
      ? markup`<tr><th scope="row">of the added, returned</th><td class="number">${formatCount(flow.returned)}</td><td></td></tr>`
      : null
  }</tbody></table>`;
}

function band(
  kind: Flow,
  x: number,
  width: number,
  y: number,
  height: number,
  role = 'bar',
): Markup {
  return markup`<rect class="flow-${kind} ${role}" x="${round(x)}" y="${y}" width="${round(Math.max(1, width))}" height="${height}"/>`;
}

function flowRow(kind: Flow, rows: number, of: number): Markup {
  return markup`<tr><th scope="row"><svg class="swatch" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true"><rect class="flow-${kind}" width="10" height="10"/></svg> ${FLOW_WORDS[kind]}</th><td class="number">${formatCount(rows)}</td><td class="number">${of > 0 ? formatPercent(rows / of) : '–'} <span class="faint">of ${kind === 'added' ? 'after' : 'before'}</span></td></tr>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
