import { type Raw, html } from './html.ts';

/** Charts as plain SVG: the colours come from the stylesheet, the figures stand in a table beside them. */

export interface Bar {
  label: string;
  value: number;
  /** What is written at the bar; the value by default. */
  text?: string;
}

const WIDTH = 720;

/** Columns over time; only some labels fit, the first and every `every`-th. */
export const columns = (
  bars: readonly Bar[],
  { title, every = 1 }: { title: string; every?: number },
): Raw => {
  const [top, height, bottom] = [28, 200, 34];
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const step = WIDTH / Math.max(1, bars.length);
  return html`<svg
    class="chart"
    viewBox="0 0 ${WIDTH} ${top + height + bottom}"
    role="img"
    aria-label="${title}"
  >
    ${bars.map(({ value, label, text }, index) => {
      const size = (value / most) * height;
      const middle = index * step + step / 2;
      return html`<rect
          class="bar"
          x="${(index * step + step * 0.15).toFixed(1)}"
          y="${(top + height - size).toFixed(1)}"
          width="${(step * 0.7).toFixed(1)}"
          height="${size.toFixed(1)}"
        />
        <text x="${middle.toFixed(1)}" y="${(top + height - size - 8).toFixed(1)}" text-anchor="middle">
          ${text ?? value}
        </text>
        ${
          index % every === 0 &&
          html`<text x="${middle.toFixed(1)}" y="${top + height + 24}" text-anchor="middle">${label}</text>`
        }`;
    })}
    <line class="axis" x1="0" x2="${WIDTH}" y1="${top + height}" y2="${top + height}" />
  </svg>`;
};

/** Shares of a whole, from 0 to 1, one under the other. */
export const shares = (bars: readonly Bar[], { title }: { title: string }): Raw => {
  const [row, left, right] = [40, 150, 90];
  const full = WIDTH - left - right;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${bars.length * row}" role="img" aria-label="${title}">
    ${bars.map(({ value, label, text }, index) => {
      const y = index * row;
      return html`<text x="0" y="${y + 25}">${label}</text>
        <rect class="rest" x="${left}" y="${y + 8}" width="${full}" height="24" />
        <rect
          class="bar"
          x="${left}"
          y="${y + 8}"
          width="${(Math.min(1, value) * full).toFixed(1)}"
          height="24"
        />
        <text x="${WIDTH}" y="${y + 25}" text-anchor="end">${text ?? value}</text>`;
    })}
  </svg>`;
};
