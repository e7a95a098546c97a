import { type Raw, html } from './html.ts';

/**
 * Charts as plain SVG: the colours come from the stylesheet, the figures stand in a table beside them. Widths are shares
 * of the page, heights and letters are not: a chart reads as well on a phone as on a screen.
 */

export interface Bar {
  label: string;
  value: number;
  /** What is written at the bar; the value by default. */
  text?: string;
}

const percent = (part: number): string => `${(part * 100).toFixed(2)}%`;

/** Columns over time; only some labels fit, the first and every `every`-th. */
export const columns = (
  bars: readonly Bar[],
  { title, every = 1 }: { title: string; every?: number },
): Raw => {
  const [top, height, bottom] = [28, 200, 32];
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const step = 1 / Math.max(1, bars.length);
  return html`<svg class="chart columns" height="${top + height + bottom}" role="img" aria-label="${title}">
    ${bars.map(({ value, label, text }, index) => {
      const size = (value / most) * height;
      const middle = percent((index + 0.5) * step);
      return html`<rect
          class="bar"
          x="${percent((index + 0.15) * step)}"
          y="${(top + height - size).toFixed(1)}"
          width="${percent(0.7 * step)}"
          height="${size.toFixed(1)}"
        />
        <text x="${middle}" y="${(top + height - size - 8).toFixed(1)}" text-anchor="middle">
          ${text ?? value}
        </text>
        ${
          index % every === 0 &&
          html`<text x="${middle}" y="${top + height + 24}" text-anchor="middle">${label}</text>`
        }`;
    })}
    <line class="axis" x1="0" x2="100%" y1="${top + height}" y2="${top + height}" />
  </svg>`;
};

/** Shares of a whole, from 0 to 1, one under the other: the name and the figure above, the bar below. */
export const shares = (bars: readonly Bar[], { title }: { title: string }): Raw => {
  const row = 52;
  return html`<svg class="chart" height="${bars.length * row}" role="img" aria-label="${title}">
    ${bars.map(
      ({ value, label, text }, index) =>
        html`<text x="0" y="${index * row + 18}">${label}</text>
          <text x="100%" y="${index * row + 18}" text-anchor="end">${text ?? value}</text>
          <rect class="rest" x="0" y="${index * row + 26}" width="100%" height="16" />
          <rect
            class="bar"
            x="0"
            y="${index * row + 26}"
            width="${percent(Math.min(1, value))}"
            height="16"
          />`,
    )}
  </svg>`;
};
