import decodeQr from 'qr/decode.js';

/** Pixels for each module of the code. */
const SCALE = 4;

/**
 * The text of a QR code drawn as SVG by our pages: one path of horizontal strokes, a module high (`M x y`, `m dx dy`,
 * `h length`), is painted and then read as a camera would.
 */
export const decodeQrSvg = (svg: string): string => {
  const side = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]);
  const path = /<path stroke="#000000" d="([^"]+)"/.exec(svg)?.[1];
  if (!side || path === undefined) throw new Error('not a QR code of ours');
  const width = side * SCALE;
  const data = new Uint8Array(width * width * 4).fill(255);
  const paint = (x: number, y: number): void => {
    for (let row = y * SCALE; row < (y + 1) * SCALE; row += 1) {
      data.fill(0, (row * width + x * SCALE) * 4, (row * width + (x + 1) * SCALE) * 4);
      for (let column = x * SCALE; column < (x + 1) * SCALE; column += 1) {
        data[(row * width + column) * 4 + 3] = 255;
      }
    }
  };
  let [x, y] = [0, 0];
  for (const [, command, first = '0', second = '0'] of path.matchAll(
    /([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?/g,
  )) {
    if (command === 'M') [x, y] = [Number(first), Math.floor(Number(second))];
    else if (command === 'm') [x, y] = [x + Number(first), y + Number(second)];
    else {
      for (let module = 0; module < Number(first); module += 1) paint(x + module, y);
      x += Number(first);
    }
  }
  return decodeQr({ width, height: width, data });
};
