import type {
  AlignmentSummary,
  Finding,
  ReportInput,
  RuleOutcome,
} from '../../../src/run/document.ts';
import { formatCount } from '../../figures.ts';
import { PAGE_WORDS } from '../../words.ts';
import { lagPlot } from '../charts/lag-plot.ts';
import { pairHistogram } from '../charts/pair-histogram.ts';
import { hostileLine, hostileText, markup, type Markup } from '../markup.ts';

/** Alarms drawn in full below a rule. */
const DRAWN_MAX = 4;
/** Shards listed. */
const LISTED_MAX = 200;

const VERDICTS = {
  aligned: 'captions fit their clips',
  shifted: 'shifted',
  'unaligned-block': 'a stretch fits no row nearby',
  unrelated: 'captions fit no better than strangers',
  'not-assessable': 'nothing can be said',
} as const satisfies Record<AlignmentSummary['verdict'], string>;

const EVIDENCE_WORDS: Readonly<Record<string, string>> = {
  embeddings: 'embeddings',
  metadata: 'declared against measured values',
  'picture-words': 'words for what is in the picture',
  'colour-words': 'words, by colour and layout of pictures',
  'caption-words': 'captions against text embeddings',
  'source-words': 'words, by source',
  annotations: 'the source annotations',
  cues: 'words for colours and light',
  length: 'words against duration',
  model: 'the model',
};

/** Lag plot and similarity histogram of every alarm that a rule's findings stand for. */
export function alignmentBlock(input: ReportInput, rule: RuleOutcome): Markup {
  if (rule.family !== 'alignment') return markup``;
  const own = input.findings.filter((finding) => finding.rule_id === rule.id);
  const alarms = (input.run.alignment ?? []).filter((summary) =>
    own.some((finding) => isAbout(finding, summary)),
  );
  const drawn = alarms.slice(0, DRAWN_MAX);
  return markup`${drawn.map(alarmFigure)}${alarms.length > drawn.length ? markup`<p class="faint fine">${formatCount(alarms.length - drawn.length)} more stretches are listed under <a href="#alignment">${PAGE_WORDS.alignment}</a>.</p>` : null}`;
}

/** The plots of the alarm that a finding stands for; nothing for other findings. */
export function alarmOf(input: ReportInput, finding: Finding): Markup {
  const summary = (input.run.alignment ?? []).find((each) => isAbout(finding, each));
  return summary === undefined ? markup`` : alarmFigure(summary);
}

function isAbout(finding: Finding, summary: AlignmentSummary): boolean {
  return (
    finding.shard === summary.shard &&
    finding.values['evidence'] === summary.evidence &&
    (summary.stretch === null || finding.values['from_row'] === summary.stretch.fromRow)
  );
}

function alarmFigure(summary: AlignmentSummary): Markup {
  const { stretch } = summary;
  const lag = lagPlot(summary);
  const histogram = pairHistogram(summary);
  if (lag.source === '' && histogram.source === '') return markup``;
  return markup`<div class="alarm">${
    stretch === null
      ? null
      : markup`<p><b>${hostileLine(summary.shard ?? 'the dataset', 120)}, rows ${formatCount(stretch.fromRow)} to ${formatCount(stretch.toRow - 1)}</b> ${hostileText(stretch.sentence)} <span class="faint">${hostileText(stretch.certainty)}; told by ${EVIDENCE_WORDS[summary.evidence] ?? hostileLine(summary.evidence, 60)}, ${formatCount(summary.pairs)} pairs</span></p>`
  }<div class="plots">${lag}${histogram}</div></div>`;
}

/** Whether captions stand with their clips, shard by shard: what was compared, and what it says. */
export function alignmentSection(input: ReportInput): Markup {
  const summaries = input.run.alignment ?? [];
  if (summaries.length === 0) return markup``;
  const order = summaries.toSorted(
    (a, b) => Number(b.stretch !== null) - Number(a.stretch !== null),
  );
  const listed = order.slice(0, LISTED_MAX);
  const quiet = order.find((each) => each.stretch === null && each.lags.length > 0);
  return markup`<section id="alignment" aria-labelledby="alignment-heading"><h2 id="alignment-heading">${PAGE_WORDS.alignment}</h2>
<div class="wide" tabindex="0" role="region" aria-label="${PAGE_WORDS.alignment}"><table><thead><tr><th scope="col">shard</th><th scope="col">told by</th><th scope="col" class="number">pairs</th><th scope="col">verdict</th><th scope="col">how it was told</th></tr></thead><tbody>${listed.map(
    (each) =>
      markup`<tr><th scope="row">${hostileText((each.shard ?? 'the dataset').slice(0, 200))}</th><td>${EVIDENCE_WORDS[each.evidence] ?? hostileText(each.evidence)}</td><td class="number">${formatCount(each.pairs)}</td><td>${each.stretch === null ? VERDICTS[each.verdict] : markup`<b>${VERDICTS[each.verdict]}</b>, rows ${formatCount(each.stretch.fromRow)} to ${formatCount(each.stretch.toRow - 1)}`}</td><td>${hostileText(each.stretch === null ? (each.reason ?? '') : `${each.stretch.sentence}; ${each.stretch.certainty}`)}</td></tr>`,
  )}</tbody></table></div>${order.length > listed.length ? markup`<p class="faint fine">${formatCount(order.length - listed.length)} more in run.json.</p>` : null}${
    quiet === undefined
      ? null
      : markup`<details class="more"><summary>${PAGE_WORDS.alignmentQuiet} ${hostileLine(quiet.shard ?? 'the dataset', 80)}</summary>${alarmFigure(quiet)}</details>`
  }</section>`;
}
