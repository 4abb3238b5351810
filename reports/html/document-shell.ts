import { PAGE_WORDS } from '../words.ts';
import { loadAssets, policyHash } from './assets.ts';
import { escapeHtml, hostileText, markup, Markup } from './markup.ts';
import { ALONE, type PageSite } from './page-site.ts';

/** What differs between pages; the title is already spelled out. */
export type DocumentParts = {
  readonly title: string;
  /** What the page is about, for its top line. */
  readonly name: string;
  readonly version: string;
  readonly navigation: readonly (readonly [id: string, word: string])[];
  readonly main: Markup;
  readonly footer: Markup;
  /** Behind the visible page: pictures that it refers to. */
  readonly after: Markup;
  /** Shards of the dataset, for the script. */
  readonly shards: number;
  /** What lies around the page; nothing if left out. */
  readonly site?: PageSite;
};

/** A self-contained page with the policy that lets only our own script and style run. */
export function htmlDocument(parts: DocumentParts): string {
  const { script, style } = loadAssets();
  const site = parts.site ?? ALONE;
  const media = site.mediaSource === null ? '' : ` ${site.mediaSource}`;
  const policy = `default-src 'none'; img-src data:${media};${media === '' ? '' : ` media-src${media};`} style-src ${policyHash(style)}; script-src ${policyHash(script)}; base-uri 'none'; form-action ${site.findingsHref === null ? `'none'` : `'self'`}; require-trusted-types-for 'script'; trusted-types 'none'`;
  const links = parts.navigation.map(
    ([id, word]) => markup`<a href="#${escapeHtml(id)}">${word}</a>`,
  );
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="dailies ${parts.version}">
<title>${parts.title}</title>
<style>${new Markup(style)}</style>
</head>
<body data-shards="${parts.shards}"${site.clipPage === null ? null : markup` data-clip-page="${site.clipPage}"`}>
<a class="skip" href="#verdict">${PAGE_WORDS.skip}</a>
<header class="top">
<p class="brand">dailies</p>
<p class="dataset-name">${hostileText(parts.name.slice(0, 160))}</p>
<nav aria-label="Sections">${links}</nav>
<button type="button" id="theme" hidden>Theme</button>
</header>
<main>
${parts.main}
</main>
<footer><p>${parts.footer}</p></footer>
${parts.after}
<script>${new Markup(script)}</script>
</body>
</html>
`.source;
}
