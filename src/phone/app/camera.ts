import { scriptUrl } from './trusted.ts';
import type { QrAnswer, QrQuestion } from './workers/qr.ts';

/** Films until a QR code is read: by the browser's own detector where there is one, else in a worker. */

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

/** Why there is no picture. */
export type CameraProblem = 'denied' | 'absent';

export interface ScanOptions {
  readonly video: HTMLVideoElement;
  /** Address of the worker that decodes. */
  readonly worker: string;
  readonly signal: AbortSignal;
  /** Called once, when the first picture is there. */
  readonly filming: () => void;
  /** Each text read; answers true when it was the right one, which ends the scan. */
  readonly read: (text: string) => boolean;
  readonly failed: (problem: CameraProblem) => void;
}

const PAUSE_MS = 60;
const LONGEST_SIDE = 960;

const ownDetector = async (): Promise<Detector | undefined> => {
  const known = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  try {
    if (!known || !(await known.getSupportedFormats()).includes('qr_code')) return undefined;
    return new known({ formats: ['qr_code'] });
  } catch {
    return undefined;
  }
};

type Read = (video: HTMLVideoElement) => Promise<string | undefined>;

const workerReader = (address: string, signal: AbortSignal): Read => {
  const worker = new Worker(scriptUrl(address));
  signal.addEventListener('abort', () => worker.terminate(), { once: true });
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (!context || canvas.width === 0) return undefined;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => {
      const done = (text: string | undefined) => {
        worker.removeEventListener('message', answered);
        resolve(text);
      };
      const answered = ({ data: answer }: MessageEvent<QrAnswer>) => done(answer.text);
      worker.addEventListener('message', answered);
      signal.addEventListener('abort', () => done(undefined), { once: true });
      const question: QrQuestion = { width, height, data };
      worker.postMessage(question, [data.buffer]);
    });
  };
};

const openCamera = async (signal: AbortSignal): Promise<MediaStream> => {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return stream;
};

const problemOf = (error: unknown): CameraProblem =>
  error instanceof DOMException && error.name === 'NotAllowedError' ? 'denied' : 'absent';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts filming. The camera is off again once the signal says so, or the right code was read. */
export const scan = async (options: ScanOptions): Promise<void> => {
  const { video, signal, read } = options;
  const finished = new AbortController();
  const over = AbortSignal.any([signal, finished.signal]);
  try {
    video.srcObject = await openCamera(over);
    await video.play();
  } catch (error) {
    finished.abort();
    if (!signal.aborted) options.failed(problemOf(error));
    return;
  }
  options.filming();
  const detector = await ownDetector();
  const look: Read = detector
    ? async (source) => (await detector.detect(source))[0]?.rawValue
    : workerReader(options.worker, over);
  while (!over.aborted) {
    const text = await look(video).catch(() => undefined);
    if (text !== undefined && !over.aborted && read(text)) finished.abort();
    else await pause(PAUSE_MS);
  }
};
