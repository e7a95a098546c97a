import { stretchPin } from '../../../ecps/protocol/stretch.ts';
import type { StretchAnswer, StretchQuestion } from '../stretch.ts';

/** The worker of the PIN: one question, one answer. */
addEventListener('message', ({ data }: MessageEvent<StretchQuestion>) => {
  stretchPin(data.pin, data.secret, data.deviceId).then(
    (x) => postMessage({ x } satisfies StretchAnswer),
    (error: unknown) => postMessage({ failure: String(error) } satisfies StretchAnswer),
  );
});
