import type { ReportInput, RuleOutcome } from '../../../src/run/document.ts';
import { formatCount, formatInterval, formatPercent } from '../../figures.ts';
import { ruleSinceWords } from '../../since.ts';
import { rankWorst } from '../../../src/rank-rules.ts';
import { PAGE_WORDS, placeWords, unitsOf } from '../../words.ts';
import { asStored } from '../charts/as-stored.ts';
import { filmStrip } from '../charts/film-strip.ts';
import { placeStrip } from '../charts/row-strip.ts';
import { neighboursOf } from '../neighbours.ts';
import { watchLink } from '../page-site.ts';
import { captionOf, differs, type ShownClip } from '../clip-card.ts';
import { siblingOf } from '../shown-clips.ts';
import { hostileLongText, hostileText, markup, type Markup } from '../markup.ts';
import { alarmOf } from './alignment.ts';
import { severityMark } from '../severity-mark.ts';

const WORST_COUNT = 5;

/** One of the worst findings: the rule, a clip as proof if the page has one, and the other clips of the rule. */
export type Worst = {
  readonly rule: RuleOutcome;
  readonly proof: ShownClip | undefined;
  readonly candidates: readonly ShownClip[];
};

/** The five worst rules, each with another clip as proof where it can be. */
export function chooseWorst(
  input: ReportInput,
  clips: ReadonlyMap<string, readonly ShownClip[]>,
): readonly Worst[] {
  const taken = new Set<number>();
  return rankWorst(input.run)
    .slice(0, WORST_COUNT)
    .map((rule) => {
      const candidates = clips.get(rule.id) ?? [];
      const proof = candidates.find((clip) => !taken.has(clip.index)) ?? candidates[0];
      if (proof !== undefined) taken.add(proof.index);
      return { rule, proof, candidates };
    });
}

/** The five worst findings, each with its place in the dataset and one clip as proof. */
export function worstSection(input: ReportInput, worst: readonly Worst[]): Markup {
  if (worst.length === 0) return markup``;
  return markup`<section id="worst" aria-labelledby="worst-heading">
    <h2 id="worst-heading">${PAGE_WORDS.worstSeen}</h2>
    <ol class="worst">
      ${worst.map((each) => worstItem(input, each))}
    </ol>
    <p class="faint fine">${PAGE_WORDS.worstNote}</p>
  </section>`;
}

function worstItem(input: ReportInput, { rule, proof, candidates }: Worst): Markup {
  const place = placeWords(input.run, rule);
  return markup`<li class="${rule.severity}" id="worst-${rule.id}">
    <div class="claim">
      <p class="kind">${severityMark(rule.severity)} <code>${rule.id}</code>${ruleSinceWords(rule) === '' ? null : markup` <b class="badge">${ruleSinceWords(rule)}</b>`}</p>
      <h3><a href="#rule-${rule.id}">${rule.title}</a></h3>
      <p class="extent">
        <b>${rule.rate === null ? formatCount(rule.affected) : formatPercent(rule.rate)}</b>
        <span>${extentWords(rule)}</span>
      </p>
      ${place === '' ? null : markup`<p class="place">${hostileText(place)}</p>`}
      ${placeStrip(input, rule)}
    </div>
    ${proof === undefined ? markup`<div class="proof"><p class="faint">${rule.why}</p></div>` : proofOf(input, rule, proof, candidates)}
  </li>`;
}

/** `412 of 3,000 rows, 12.5–15.0 % of the dataset`. */
export function extentWords(rule: RuleOutcome): string {
  const unit = unitsOf(rule).many;
  const of = `${formatCount(rule.affected)} of ${formatCount(rule.examined)} ${unit}`;
  return rule.isSampled && rule.interval !== null
    ? `${of} looked at; in the whole dataset ${formatInterval(rule.interval)}`
    : `${of}, all examined`;
}

/** The clip that shows the finding; with the second one where the finding is about several. */
function proofOf(
  input: ReportInput,
  rule: RuleOutcome,
  proof: ShownClip,
  candidates: readonly ShownClip[],
): Markup {
  const isAboutCaption = rule.family === 'captions';
  const sibling = rule.scope === 'group' ? siblingOf(proof, candidates, isAboutCaption) : undefined;
  if (sibling !== undefined) return pairOf(proof, sibling, isAboutCaption);
  const neighbours = neighboursOf(proof);
  if (neighbours !== null)
    return markup`<div class="proof">${messageOf(proof)}${neighbours}${alarmOf(input, proof.finding)}</div>`;
  const { card, finding } = proof;
  const caption = clampedCaption(proof);
  return markup`<div class="proof">
    ${messageOf(proof)}${toldOf(proof)}${isAboutCaption ? caption : null}
    ${(isAboutCaption ? null : asStored(card, proof.index, finding)) ?? filmStrip(card, proof.index, finding)}
    ${isAboutCaption || card.caption === null ? null : caption}
  </div>`;
}

function pairOf(first: ShownClip, second: ShownClip, isAboutCaption: boolean): Markup {
  const shown = (proof: ShownClip): Markup => markup`<div class="one">
    ${filmStrip(proof.card, proof.index, proof.finding)}<p class="message"><code>${hostileText(proof.card.key)}</code> <span class="faint">${hostileText(proof.card.shard)}, row ${formatCount(proof.card.rowNumber)}</span></p>
    ${isAboutCaption ? null : clampedCaption(proof)}
  </div>`;
  return markup`<div class="proof pair">
    ${messageOf(first)}${isAboutCaption ? clampedCaption(first) : null}${shown(first)}${shown(second)}
  </div>`;
}

function clampedCaption(proof: ShownClip): Markup {
  return markup`<div class="clamp">${captionOf(proof)}</div>`;
}

function messageOf({ card, finding, href }: ShownClip): Markup {
  return markup`<p class="message"><code>${hostileText(card.key)}</code> ${hostileLongText(finding.message)} ${watchLink(href)}</p>`;
}

function toldOf({ card }: ShownClip): Markup {
  const told = card.values.filter((value) => differs(value)).slice(0, 3);
  if (told.length === 0) return markup``;
  return markup`<p class="told">${told.map((value) => markup`<span>${hostileText(value.name)} <b>${hostileText((value.declared ?? '').slice(0, 60))}</b> declared, <b>${hostileText((value.measured ?? '').slice(0, 60))}</b> measured</span>`)}</p>`;
}
