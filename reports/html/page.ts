import type { ReportInput } from '../../src/run/document.ts';
import { formatPlural } from '../figures.ts';
import { PAGE_WORDS, VERDICT_WORDS } from '../words.ts';
import { loadAssets, policyHash } from './assets.ts';
import { stripLibrary } from './charts/film-strip.ts';
import { escapeHtml, hostileLine, hostileText, markup, Markup } from './markup.ts';
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
export function renderHtml(input: ReportInput): string {
  const { run } = input;
  const { script, style } = loadAssets();
  const gallery = chooseClips(input);
  const clips = gallery.byRule;
  const leftOut = [
    ...input.leftOut,
    ...(gallery.leftOut > 0
      ? [`${formatPlural(gallery.leftOut, 'film strip')}, to keep the page small`]
      : []),
  ];
  const policy = `default-src 'none'; img-src data:; style-src ${policyHash(style)}; script-src ${policyHash(script)}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="dailies ${run.tool.version}" />
        <title>${VERDICT_WORDS[run.verdict.outcome].mark} ${hostileLine(run.dataset.name, 120)} – dailies</title>
        <style>${new Markup(style)}</style>
      </head>
      <body data-shards="${run.dataset.shards.length}">
        <a class="skip" href="#verdict">${PAGE_WORDS.skip}</a>
        <header class="top">
          <p class="brand">dailies</p>
          <p class="dataset-name">${hostileText(run.dataset.name.slice(0, 120))}</p>
          <nav aria-label="Sections">${navigation(input)}</nav>
          <button type="button" id="theme" hidden>Theme</button>
        </header>
        <main>
          ${verdictSection(run)} ${worstSection(input, clips)}
          <div class="band">${notLookedAtSection(run, leftOut)}${reproduceSection(run)}</div>
          ${rulesSection(input, clips)} ${findingsSection(input)} ${datasetSection(run)}
        </main>
        <footer>
          <p>
            dailies ${run.tool.version} · ${hostileText(run.run.startedAt)} · run
            ${hostileText(run.run.id)}
          </p>
        </footer>
        ${stripLibrary(gallery.pictures)}
        <script>${new Markup(script)}</script>
      </body>
    </html> `;
  return page.source;
}

function navigation(input: ReportInput): readonly Markup[] {
  const links: readonly (readonly [string, string])[] = [
    ['worst', 'Worst'],
    ['not-looked-at', 'Not looked at'],
    ['rules', 'Rules'],
    ['findings', 'Findings'],
    ['dataset', 'Dataset'],
  ];
  return links
    .filter(([id]) => id !== 'worst' || input.run.rules.some((rule) => rule.outcome === 'failed'))
    .map(([id, word]) => markup`<a href="#${escapeHtml(id)}">${word}</a>`);
}
