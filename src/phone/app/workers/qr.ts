import decodeQr from 'qr/decode.js';

/** One image of the camera. */
export interface QrQuestion {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}
export interface QrAnswer {
  readonly text: string | undefined;
}

const decode = ({ width, height, data }: QrQuestion): string | undefined => {
  try {
    return decodeQr({ width, height, data }, { timeLimit: 120 });
  } catch {
    // No QR code in this image.
    return undefined;
  }
};

/** The worker that reads QR codes where the browser has no detector of its own. */
addEventListener('message', ({ data }: MessageEvent<QrQuestion>) => {
  postMessage({ text: decode(data) } satisfies QrAnswer);
});
