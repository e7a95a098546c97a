import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { PNG } from 'pngjs';
import { onFileEnd } from './cleanup.ts';

/**
 * A camera for Chromium whose picture the test makes: one frame of uncompressed video in a file that Chromium reads again
 * and again, so that writing into it moves the picture while the camera is on.
 */

const WIDTH = 640;
const HEIGHT = 360;
const HEADER = `YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\nFRAME\n`;
/** Black and white as a camera sees those of a screen: neither black nor white, and a little uneven. */
const [DARK, SPAN, NOISE] = [40, 165, 12];

export interface Camera {
  /** What Chromium must be started with. */
  readonly args: readonly string[];
  /** Points the camera at an element of another screen. */
  film(target: Locator): Promise<void>;
  /** Points it at that element until the work is done, as long as it takes: what is on the screen may change. */
  filmDuring<T>(target: Locator, work: Promise<T>): Promise<T>;
  /** Puts the phone face down. */
  cover(): void;
}

const frameOf = (png: PNG): Buffer => {
  const frame = Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const at = (Math.min(y, png.height - 1) * png.width + Math.min(x, png.width - 1)) * 4;
      const [red = 0, green = 0, blue = 0] = png.data.subarray(at, at + 3);
      const light = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
      frame[y * WIDTH + x] = DARK + light * SPAN + ((x * 7 + y * 13) % NOISE);
    }
  }
  return frame;
};

/** Makes a camera that sees nothing yet; its file goes when the test file ends. */
export const createCamera = (): Camera => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-camera-'));
  const path = join(folder, 'camera.y4m');
  const file = openSync(path, 'w');
  onFileEnd(() => {
    closeSync(file);
    rmSync(folder, { recursive: true });
  });
  writeSync(file, HEADER, 0);
  const show = (frame: Buffer): void => {
    writeSync(file, frame, 0, frame.length, HEADER.length);
  };
  const cover = (): void => show(Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128));
  cover();
  const film = async (target: Locator): Promise<void> => {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    if (!box) throw new Error('nothing to film');
    const page = target.page();
    const seen = page.viewportSize() ?? { width: WIDTH, height: HEIGHT };
    const corner = (middle: number, size: number, whole: number): number =>
      Math.max(0, Math.min(Math.round(middle - size / 2), whole - size));
    const clip = {
      x: corner(box.x + box.width / 2, WIDTH, seen.width),
      y: corner(box.y + box.height / 2, HEIGHT, seen.height),
      width: WIDTH,
      height: HEIGHT,
    };
    show(frameOf(PNG.sync.read(await page.screenshot({ clip }))));
  };
  return {
    args: [
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${path}`,
    ],
    film,
    cover,
    async filmDuring(target, work) {
      let busy = true;
      const done = work.finally(() => (busy = false));
      while (busy) {
        await film(target);
        await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 500))]);
      }
      return done;
    },
  };
};
