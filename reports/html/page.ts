import type { ReportInput } from '../../src/run/document.ts';
import { formatPlural } from '../figures.ts';
import { VERDICT_WORDS } from '../words.ts';
import { stripLibrary } from './charts/film-strip.ts';
import { htmlDocument } from './document-shell.ts';
import { hostileLine, hostileText, markup } from './markup.ts';
import { ALONE, type PageSite } from './page-site.ts';
import { datasetSection, reproduceSection } from './sections/dataset.ts';
import { findingsSection } from './sections/findings.ts';
import { notLookedAtSection } from './sections/not-looked-at.ts';
import { rulesSection } from './sections/rules.ts';
import { verdictSection } from './sections/verdict.ts';
import { worstSection } from './sections/worst.ts';
import { chooseClips } from './shown-clips.ts';

/**
 * The report as one HTML file that needs no network: everything but the findings table is readable without scripts.
 * Equal inputs give equal bytes. All text from data is escaped and spelled out; the policy allows only this script.
 */
export function renderHtml(input: ReportInput, site: PageSite = ALONE): string {
  const { run } = input;
  const gallery = chooseClips(input, site);
  const clips = gallery.byRule;
  const leftOut = [
    ...input.leftOut,
    ...(gallery.leftOut > 0
      ? [`${formatPlural(gallery.leftOut, 'film strip')}, to keep the page small`]
      : []),
  ];
  return htmlDocument({
    title: `${VERDICT_WORDS[run.verdict.outcome].mark} ${hostileLine(run.dataset.name, 120)} – dailies`,
    name: run.dataset.name,
    version: run.tool.version,
    navigation: navigation(input),
    main: markup`${verdictSection(run)}
${worstSection(input, clips)}
<div class="band">${notLookedAtSection(run, leftOut)}${reproduceSection(run)}</div>
${rulesSection(input, clips)}
${findingsSection(input, site)}
${datasetSection(run)}`,
    footer: markup`dailies ${run.tool.version} · ${hostileText(run.run.startedAt)} · run ${hostileText(run.run.id)}`,
    after: stripLibrary(gallery.pictures),
    shards: run.dataset.shards.length,
    site,
  });
}

function navigation(input: ReportInput): readonly (readonly [string, string])[] {
  const links: readonly (readonly [string, string])[] = [
    ['worst', 'Worst'],
    ['not-looked-at', 'Not looked at'],
    ['rules', 'Rules'],
    ['findings', 'Findings'],
    ['dataset', 'Dataset'],
  ];
  return links.filter(
    ([id]) => id !== 'worst' || input.run.rules.some((rule) => rule.outcome === 'failed'),
  );
}
