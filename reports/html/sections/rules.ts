import type { ReportInput, RuleOutcome, RunDocument } from '../../../src/run/document.ts';
import { formatCount, formatInterval, formatPercent } from '../../figures.ts';
import { ruleSinceWords } from '../../since.ts';
import { rankFailed } from '../../../src/rank-rules.ts';
import { OUTCOME_WORDS, PAGE_WORDS, PATTERN_WORDS, placeWords } from '../../words.ts';
import { ratePlot } from '../charts/rate-plot.ts';
import { placeStrip } from '../charts/row-strip.ts';
import { clipCard, type ShownClip } from '../clip-card.ts';
import { hostileCode, hostileText, markup, type Markup } from '../markup.ts';
import { outcomeIcon, severityMark } from '../severity-mark.ts';
import { alignmentBlock } from './alignment.ts';
import { extentWords } from './worst.ts';

/** Fewer hits than this in a slice say nothing about the slice. */
const SLICE_HITS_MIN = 3;

/** Clips shown at once; the rest is behind a click. */
const CLIPS_OPEN = 3;

/** Every rule that failed, worst severity first, with all that is known of it. */
export function rulesSection(
  input: ReportInput,
  clips: ReadonlyMap<string, readonly ShownClip[]>,
): Markup {
  const failed = rankFailed(input.run);
  return markup`<section id="rules" aria-labelledby="rules-heading">
      <h2 id="rules-heading">${PAGE_WORDS.rules}</h2>
      ${
        failed.length === 0
          ? markup`<p>${PAGE_WORDS.rulesNone}</p>`
          : markup`<p class="faint fine">${PAGE_WORDS.noScaleNote}</p>`
      }${failed.map((rule, index) => ruleDetails(input, rule, clips.get(rule.id) ?? [], index === 0))}
    </section>
    ${otherRules(input.run)}`;
}

function ruleDetails(
  input: ReportInput,
  rule: RuleOutcome,
  clips: readonly ShownClip[],
  isOpen: boolean,
): Markup {
  return markup`<details
    class="rule ${rule.severity}"
    id="rule-${rule.id}"
    ${isOpen ? markup` open` : null}
  >
    <summary>
      <span class="name"
        >${severityMark(rule.severity)} <span class="title">${rule.title}</span>${sinceBadge(rule)}
        <code>${rule.id}</code></span
      ><span class="rate"
        ><b>${rule.rate === null ? formatCount(rule.affected) : formatPercent(rule.rate)}</b
        >${ratePlot(rule)}</span
      >
    </summary>
    <div class="body">
      <p class="extent">
        <span>${extentWords(rule)}</span
        >${rule.reason === null ? null : markup` <span class="faint">${hostileText(rule.reason)}</span>`}
      </p>
      ${whereBlock(input, rule)}${alignmentBlock(input, rule)}
      <dl class="prose">
        <div>
          <dt>${PAGE_WORDS.why}</dt>
          <dd>${hostileText(rule.why)}</dd>
        </div>
        <div>
          <dt>${PAGE_WORDS.step}</dt>
          <dd>${hostileText(rule.step)}</dd>
        </div>
        <div>
          <dt>${PAGE_WORDS.fix}</dt>
          <dd>${hostileText(rule.fix)}</dd>
        </div>
      </dl>
      ${clipsBlock(rule, clips)} ${machinery(rule)}
    </div>
  </details>`;
}

function sinceBadge(rule: RuleOutcome): Markup {
  const words = ruleSinceWords(rule);
  return words === '' ? markup`` : markup` <b class="badge">${words}</b>`;
}

function whereBlock(input: ReportInput, rule: RuleOutcome): Markup {
  const { localisation } = rule;
  if (localisation === null) return markup``;
  const place = placeWords(input.run, rule);
  return markup`<div class="where">
    <h3>${PAGE_WORDS.where}</h3>
    ${
      place === ''
        ? null
        : markup`<p class="place">${hostileText(place)} <span class="faint">${PATTERN_WORDS[localisation.pattern]}; ${hostileText(localisation.statistic)}</span></p>`
    }
    ${placeStrip(input, rule)}
    ${
      localisation.first === null
        ? null
        : markup`<p class="faint fine">
            First: <code>${hostileText(localisation.first.key)}</code> in
            ${hostileText(localisation.first.shard)}, row
            ${formatCount(localisation.first.rowNumber)}
          </p>`
    }${slicesTable(rule)}
  </div>`;
}

function slicesTable(rule: RuleOutcome): Markup {
  const slices = (rule.localisation?.slices ?? []).filter(
    (slice) => slice.affected >= SLICE_HITS_MIN,
  );
  if (slices.length === 0) return markup``;
  return markup`<div class="wide" tabindex="0" role="region" aria-label="Slices of ${rule.id}">
    <table class="slices">
      <thead>
        <tr>
          <th scope="col">slice</th>
          <th scope="col" class="number">hits</th>
          <th scope="col" class="number">examined</th>
          <th scope="col" class="number">rate</th>
          <th scope="col" class="number">lift</th>
          <th scope="col">share of all hits</th>
        </tr>
      </thead>
      <tbody>
        ${slices.slice(0, 12).map(
          (slice) =>
            markup`<tr>
              <th scope="row">
                <span class="faint">${slice.dimension}</span>
                ${hostileText(slice.value.slice(0, 120))}
              </th>
              <td class="number">${formatCount(slice.affected)}</td>
              <td class="number">${formatCount(slice.examined)}</td>
              <td class="number">
                ${slice.examined > 0 ? formatPercent(slice.affected / slice.examined) : '–'}
              </td>
              <td class="number">
                ${slice.lift >= 10 ? Math.round(slice.lift) : slice.lift.toFixed(1)}×
              </td>
              <td class="share">
                <svg viewBox="0 0 100 8" width="100" height="8" aria-hidden="true">
                  <path class="ground" d="M0 0h100v8H0z" />
                  <path
                    class="${rule.severity} fill"
                    d="M0 0h${Math.round(Math.min(1, Math.max(0, slice.share)) * 100)}v8H0z"
                  />
                </svg>
                ${formatPercent(slice.share)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function clipsBlock(rule: RuleOutcome, clips: readonly ShownClip[]): Markup {
  if (clips.length === 0) return markup``;
  const shown = clips.slice(0, CLIPS_OPEN);
  const more = clips.slice(CLIPS_OPEN);
  return markup`<div class="clips">
    <h3>
      Clips
      <span class="faint"
        >${clips.length} of ${formatCount(rule.affected)}</span
      >
      <a class="in-table" href="#q=rule:${rule.id}" hidden>all in the table</a>
    </h3>
    ${shown.map(clipCard)}${
      more.length === 0
        ? null
        : markup`<details class="more">
            <summary>${more.length} more clips</summary>
            ${more.map(clipCard)}
          </details>`
    }
  </div>`;
}

function machinery(rule: RuleOutcome): Markup {
  const options = Object.entries(rule.options);
  return markup`<details class="machinery">
    <summary>Options, SQL, references</summary>
    <dl class="prose">
      <div>
        <dt>${PAGE_WORDS.needs}</dt>
        <dd>${rule.needs.map((need) => markup`<code>${need}</code> `)}</dd>
      </div>
      ${
        options.length === 0
          ? null
          : markup`<div>
              <dt>${PAGE_WORDS.options}</dt>
              <dd>
                ${options.map(([name, value]) => markup`<code>${name} = ${hostileText(JSON.stringify(value) ?? '')}</code> `)}
              </dd>
            </div>`
      }
      <div>
        <dt>${PAGE_WORDS.sql}</dt>
        <dd>
          <pre
            tabindex="0"
            aria-label="SQL of ${rule.id}"
          ><code>${hostileCode(rule.sql)}</code></pre>
        </dd>
      </div>
      ${
        rule.references.length === 0
          ? null
          : markup`<div>
              <dt>${PAGE_WORDS.references}</dt>
              <dd>${rule.references.map(reference)}</dd>
            </div>`
      }
    </dl>
  </details>`;
}

/** Links only where the address is plain https: rule files may come from users. */
function reference(address: string): Markup {
  return /^https:\/\/[^\s"'<>\\]+$/.test(address) && URL.canParse(address)
    ? markup`<a href="${address}" rel="noreferrer noopener">${hostileText(address)}</a> `
    : markup`<span>${hostileText(address)}</span> `;
}

const OTHER = ['errored', 'incomplete', 'passed', 'not-applicable'] as const;

/** Rules that did not fail, each with what that does and does not say. */
function otherRules(run: RunDocument): Markup {
  const groups = OTHER.map((outcome) => ({
    outcome,
    rules: run.rules.filter((rule) => rule.outcome === outcome),
  })).filter((group) => group.rules.length > 0);
  if (groups.length === 0) return markup``;
  return markup`<section id="other-rules" aria-labelledby="other-rules-heading">
    <h2 id="other-rules-heading">${PAGE_WORDS.otherRules}</h2>
    ${groups.map(
      (group) =>
        markup`<details
          class="others ${group.outcome}"
          ${group.outcome === 'passed' || group.outcome === 'not-applicable' ? null : markup` open`}
        >
          <summary>
            ${outcomeIcon(group.outcome)} ${group.rules.length} ${OUTCOME_WORDS[group.outcome]}
          </summary>
          <div
            class="wide"
            tabindex="0"
            role="region"
            aria-label="Rules: ${OUTCOME_WORDS[group.outcome]}"
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">rule</th>
                  <th scope="col">looks for</th>
                  <th scope="col" class="number">examined</th>
                  <th scope="col">${group.outcome === 'passed' ? 'so the rate is' : 'why'}</th>
                </tr>
              </thead>
              <tbody>
                ${group.rules.map(
                  (rule) =>
                    markup`<tr id="rule-${rule.id}">
                      <th scope="row"><code>${rule.id}</code></th>
                      <td>${rule.title}</td>
                      <td class="number">${formatCount(rule.examined)}</td>
                      <td>
                        ${
                          group.outcome === 'passed'
                            ? markup`${passedWords(rule)}`
                            : hostileText(rule.reason ?? '')
                        }
                      </td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>
        </details>`,
    )}
  </section>`;
}

function passedWords(rule: RuleOutcome): string {
  if (!rule.isSampled || rule.interval === null) return '0: all examined';
  return rule.interval.high === 0 ? '0' : `${formatInterval(rule.interval)} at 95 %`;
}
