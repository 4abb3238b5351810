import type { ReportInput } from '../../src/run/document.ts';
import { formatPlural } from '../figures.ts';
import { VERDICT_WORDS } from '../words.ts';
import { stripLibrary } from './charts/film-strip.ts';
import { htmlDocument } from './document-shell.ts';
import { hostileLine, hostileText, markup } from './markup.ts';
import { ALONE, type PageSite } from './page-site.ts';
import { alignmentSection } from './sections/alignment.ts';
import { datasetSection } from './sections/dataset.ts';
import { findingsSection } from './sections/findings.ts';
import { notLookedAtSection } from './sections/not-looked-at.ts';
import { overview } from './sections/overview.ts';
import { rulesSection } from './sections/rules.ts';
import { selftestSection } from './sections/selftest.ts';
import { suppressionsSection } from './sections/suppressions.ts';
import { verdictSection } from './sections/verdict.ts';
import { chooseWorst, worstSection } from './sections/worst.ts';
import { chooseClips } from './shown-clips.ts';

/**
 * The report as one HTML file that needs no network: everything but the findings table is readable without scripts.
 * Equal inputs give equal bytes. All text from data is escaped and spelled out; the policy allows only this script.
 */
export function renderHtml(input: ReportInput, site: PageSite = ALONE): string {
  const { run } = input;
  const gallery = chooseClips(input, site);
  const clips = gallery.byRule;
  const worst = chooseWorst(input, clips);
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
${overview(input, worst, leftOut, site)}
${worstSection(input, worst)}
${rulesSection(input, clips)}
${alignmentSection(input)}
${findingsSection(input, site)}
${suppressionsSection(run)}
${notLookedAtSection(run, leftOut)}
${selftestSection(input.selftest)}
${datasetSection(run)}`,
    footer: markup`dailies ${run.tool.version} · ${hostileText(run.run.startedAt)} · run ${hostileText(run.run.id)}`,
    after: stripLibrary(gallery.pictures),
    shards: run.dataset.shards.length,
    site,
  });
}

function navigation(input: ReportInput): readonly (readonly [string, string])[] {
  const { run } = input;
  const links: readonly (readonly [string, string, boolean])[] = [
    ['worst', 'Worst', run.rules.some((rule) => rule.outcome === 'failed')],
    ['rules', 'Rules', true],
    ['alignment', 'Alignment', (run.alignment ?? []).length > 0],
    ['findings', 'Findings', true],
    ['suppressions', 'Suppressions', (run.suppressions?.entries ?? []).length > 0],
    ['not-looked-at', 'Not looked at', true],
    ['selftest', 'Self-test', input.selftest !== undefined],
    ['dataset', 'Dataset', true],
  ];
  return links.filter(([, , isThere]) => isThere).map(([id, word]) => [id, word]);
}
