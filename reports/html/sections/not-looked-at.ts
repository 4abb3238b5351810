import type { RunDocument } from '../../../src/run/document.ts';
import { formatCount } from '../../figures.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileText, markup, type Markup } from '../markup.ts';

/** What nobody looked at, worst first, and what this page leaves out. */
export function notLookedAtSection(run: RunDocument, leftOut: readonly string[]): Markup {
  const { notLookedAt } = run;
  return markup`<section id="not-looked-at" aria-labelledby="not-looked-at-heading">
    <h2 id="not-looked-at-heading">${PAGE_WORDS.notLookedAt}</h2>
    ${
      notLookedAt.length === 0
        ? markup`<p>${PAGE_WORDS.notLookedAtNone}</p>`
        : markup`<ul class="gaps">
            ${notLookedAt.map(
              (gap) =>
                markup`<li>
                  <b>${formatCount(gap.count)}</b>
                  <span>${hostileText(gap.what)}<small>${hostileText(gap.reason)}</small></span>
                </li>`,
            )}
          </ul>`
    }${
      leftOut.length === 0
        ? null
        : markup`<h3>${PAGE_WORDS.leftOut}</h3>
            <ul class="plain">
              ${leftOut.map((what) => markup`<li>${hostileText(what)}</li>`)}
            </ul>`
    }
  </section>`;
}
