import type { Branding } from './pages.ts';

/**
 * The stylesheet of an example service: its own colour on the same calm paper; light and dark. On a phone a table is read
 * row by row, which is why tables name their roles: a browser forgets them when rows become blocks.
 */
export const stylesheet = ({ accent }: Branding): string => `
:root { color-scheme: light dark; --ink: #14213d; --paper: #fbfaf7; --card: #fff; --line: #c9c6bd;
  --soft: #4a5468; --accent: ${accent.light}; --on-accent: #fff; --notice: #fdf3dc; --refusal: #a4262c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef0f5; --paper: #12161f; --card: #1a202c; --line: #454e60; --soft: #b9c0cd;
    --accent: ${accent.dark}; --on-accent: #10141c; --notice: #3a2f14; --refusal: #ff9ba0; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-size: 1.125rem;
  font-family: 'Atkinson Hyperlegible', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
  min-height: 100vh; display: flex; flex-direction: column; overflow-wrap: break-word; }
header, main, footer { width: 100%; max-width: 40rem; margin: 0 auto; padding: 1rem; }
.wide header, .wide main, .wide footer { max-width: 64rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; }
header > a { min-height: 3rem; display: inline-flex; align-items: center; }
.brand { gap: .75rem; color: inherit; text-decoration: none; }
.brand strong { display: block; color: var(--accent); font-size: 1.25rem; line-height: 1.2; }
.brand small { color: var(--soft); font-size: 1rem; }
main { flex: 1; background: var(--card); border: 1px solid var(--line); border-top: .4rem solid var(--accent);
  border-radius: .75rem; padding: clamp(1rem, 5vw, 2.5rem); flex: none; width: calc(100% - 2rem); }
footer { color: var(--soft); font-size: 1rem; flex: 1; }
main > :last-child { margin-bottom: 0; }
h1 { font-size: clamp(1.6rem, 6vw, 2.2rem); line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2rem 0 .5rem; }
.lead { font-size: 1.25rem; margin: 0 0 1.25rem; }
.small { color: var(--soft); font-size: 1rem; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: .25rem; }
button { font: inherit; font-weight: 700; min-height: 3rem; padding: .75rem 1.5rem; border-radius: .5rem;
  border: 2px solid var(--accent); background: var(--accent); color: var(--on-accent); cursor: pointer; width: 100%; }
button.quiet { background: transparent; color: var(--accent); margin-top: 2rem; }
button:hover { filter: brightness(1.08); }
dl { margin: 1.5rem 0; border-top: 1px solid var(--line); }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; padding: .6rem 0;
  border-bottom: 1px solid var(--line); }
dt { color: var(--soft); } dd { margin: 0; font-weight: 700; } .number { font-variant-numeric: tabular-nums; letter-spacing: .05em; }
.places { list-style: none; padding: 0; margin: 0; }
.places li { padding: .75rem 0; border-bottom: 1px solid var(--line); }
.places strong, .places span { display: block; } .places span { color: var(--soft); }
.notice { background: var(--notice); border-left: .4rem solid var(--accent); padding: .75rem 1rem; margin: 0 0 1.5rem; }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; padding: .75rem 1rem; }
header nav { flex-basis: 100%; } header nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; padding: 0; margin: 0; }
header nav a { display: inline-flex; align-items: center; min-height: 3rem; }
header nav a[aria-current] { color: var(--ink); font-weight: 700; text-decoration-thickness: .2em; }
.who { flex-basis: 100%; display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: center; color: var(--soft); font-size: 1rem; }
button.link { border: 0; background: none; color: var(--accent); padding: 0; text-decoration: underline; font-weight: 400; width: auto; }
.doors { list-style: none; padding: 0; margin: 1.5rem 0 0; } .doors a { display: inline-flex; align-items: center; min-height: 3rem; }
.offers { display: grid; gap: .75rem; margin: 1.5rem 0; padding: 0; list-style: none; }
.offers a, a.button { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: center; min-height: 3rem; padding: .75rem 1.25rem;
  border: 2px solid var(--accent); border-radius: .5rem; font-weight: 700; text-decoration: none; }
.offers a small { font-weight: 400; font-size: 1rem; color: var(--soft); flex-basis: 100%; }
.offers a.main, a.button.main { background: var(--accent); color: var(--on-accent); } .offers a.main small { color: inherit; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0; align-items: center; }
a.button { display: inline-flex; } .actions button { margin-top: 0; } [hidden] { display: none !important; }
fieldset { border: 0; padding: 0; margin: 0 0 1rem; } legend { font-size: 1.3rem; font-weight: 700; padding: 0; margin: .5rem 0; }
.field { margin: 0 0 1rem; } .pair { display: grid; align-items: end; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr)); }
label { display: block; font-weight: 700; } .hint { color: var(--soft); font-size: 1rem; display: block; }
input, select { font: inherit; width: 100%; min-height: 3rem; padding: .5rem .75rem; color: var(--ink); background: var(--card);
  border: 2px solid var(--soft); border-radius: .5rem; margin-top: .25rem; }
input:focus-visible, select:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[aria-invalid] { border-color: var(--refusal); } .error { color: var(--refusal); font-weight: 700; display: block; }
.wrong { border: 2px solid var(--refusal); border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1.5rem; }
.wrong h2 { margin: 0; color: var(--refusal); } .wrong ul { margin: .5rem 0 0; padding-left: 1.25rem; }
.search { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; } .search .field { flex: 1 1 14rem; margin: 0; }
.scroll { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; width: 100%; font-size: 1rem; }
caption { text-align: left; color: var(--soft); padding: 0 0 .5rem; } th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0;
  border-bottom: 1px solid var(--line); } td form { margin: -.75rem 0; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr.void td, tr.void th { color: var(--soft); } .badge { border: 1px solid currentColor; border-radius: .25rem; padding: 0 .4rem; white-space: nowrap; }
.figures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(11rem, 100%), 1fr)); margin: 1.5rem 0; padding: 0; list-style: none; }
.figures li { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.figures strong { display: block; font-size: 2rem; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--accent); }
.chart { width: 100%; display: block; margin: 1rem 0; overflow: visible; } .chart text { fill: var(--ink); font-size: 1rem; }
.chart .bar { fill: var(--accent); } .chart .rest { fill: var(--line); } .chart .axis { stroke: var(--soft); }
.sheet-only { display: none; } .seal { font-family: ui-monospace, Consolas, 'DejaVu Sans Mono', monospace; font-size: 1rem; letter-spacing: .02em; }
@media (min-width: 30rem) { button { width: auto; } }
@media (max-width: 40rem) {
  .columns text { font-size: .7rem; }
  table.stack thead { position: absolute; left: -100rem; }
  table.stack, table.stack caption, table.stack tbody, table.stack tr, table.stack th, table.stack td { display: block; }
  table.stack tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  table.stack th, table.stack td { border: 0; padding: .1rem 0; text-align: left; }
  table.stack td[data-label]::before { content: attr(data-label) ' : '; color: var(--soft); }
  html[lang='en'] table.stack td[data-label]::before { content: attr(data-label) ': '; }
}
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --card: #fff; --line: #888; --soft: #333; --accent: #000; --notice: #fff; }
  @page { size: A4; margin: 18mm 16mm; }
  body { font-size: 11pt; } main { border: 0; padding: 0; width: 100%; max-width: none !important; }
  header { padding: 0 0 1rem; max-width: none; } header > :not(.brand), .skip, footer, .no-print, .actions, .notice { display: none !important; }
  .sheet-only { display: block; } h1 { font-size: 18pt; } h2 { font-size: 13pt; margin: 1.2rem 0 .3rem; } a { color: inherit; text-decoration: none; }
  section, tr, dl div { break-inside: avoid; } .seal { font-size: 9pt; }
}
`;

/** Shows the buttons that print, which a browser without scripts could not honour. */
export const printScript = `for (const button of document.querySelectorAll('button[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}
`;

/** The service's drawing, also its icon. */
export const markSvg = ({ accent, mark }: Branding): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="${accent.light}" stroke-width="2" ` +
  `stroke-linecap="round" stroke-linejoin="round"><style>@media (prefers-color-scheme: dark){svg{stroke:${accent.dark}}}</style>` +
  `<path d="${mark}"/></svg>`;
