import type { ReportInput } from '../../../src/run/document.ts';
import { formatCount, formatPlural } from '../../figures.ts';
import { rankFailed } from '../../../src/rank-rules.ts';
import { PAGE_WORDS } from '../../words.ts';
import { encodeIsland } from '../island-encode.ts';
import { markup, Markup } from '../markup.ts';
import type { PageSite } from '../page-site.ts';

/** The place of the findings table and its packed rows; the script fills it. */
export function findingsSection(input: ReportInput, site: PageSite): Markup {
  if (input.findings.length === 0)
    return markup`<section id="findings" aria-labelledby="findings-heading">
      <h2 id="findings-heading">${PAGE_WORDS.findings}</h2>
      <p>${PAGE_WORDS.findingsNone}</p>
    </section>`;
  const order = rankFailed(input.run);
  const total = order.reduce((sum, rule) => sum + rule.affected, 0);
  const missing = total - input.findings.length;
  return markup`<section id="findings" aria-labelledby="findings-heading">
    <h2 id="findings-heading">
      ${PAGE_WORDS.findings} <span class="faint">${formatCount(input.findings.length)}</span>
    </h2>
    ${missing > 0 ? markup`<p class="faint fine">${formatPlural(missing, 'more finding')} counted in the rates are not stored row by row.</p>` : null}
    ${site.findingsHref === null ? null : markup`<p class="fine paged"><a href="${site.findingsHref}">Page by page</a></p>`}
    <div id="findings-table">
      <noscript><p>${PAGE_WORDS.findingsNoScript}</p></noscript>
    </div>
    <p id="findings-failed" hidden>${PAGE_WORDS.findingsFailed}</p>
    <script type="application/vnd.dailies.findings" id="findings-island">${new Markup(
      encodeIsland(
        input,
        order.map((rule) => rule.id),
      ),
    )}</script>
  </section>`;
}
