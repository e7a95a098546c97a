import type { Branding } from './pages.ts';

/** The stylesheet of an example service: its own colour on the same calm paper; light and dark. */
export const stylesheet = ({ accent }: Branding): string => `
:root { color-scheme: light dark; --ink: #14213d; --paper: #fbfaf7; --card: #fff; --line: #c9c6bd;
  --soft: #4a5468; --accent: ${accent.light}; --on-accent: #fff; --notice: #fdf3dc; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef0f5; --paper: #12161f; --card: #1a202c; --line: #454e60; --soft: #b9c0cd;
    --accent: ${accent.dark}; --on-accent: #10141c; --notice: #3a2f14; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-size: 1.125rem;
  font-family: 'Atkinson Hyperlegible', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
  min-height: 100vh; display: flex; flex-direction: column; overflow-wrap: break-word; }
header, main, footer { width: 100%; max-width: 40rem; margin: 0 auto; padding: 1rem; }
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
@media (min-width: 30rem) { button { width: auto; } }
`;

/** The service's drawing, also its icon. */
export const markSvg = ({ accent, mark }: Branding): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="${accent.light}" stroke-width="2" ` +
  `stroke-linecap="round" stroke-linejoin="round"><style>@media (prefers-color-scheme: dark){svg{stroke:${accent.dark}}}</style>` +
  `<path d="${mark}"/></svg>`;
