import type { Transport } from './transport.ts';

/**
 * Reads the server-sent events of GET /events and yields at each `pending`. Also yields once when connected, since
 * something may have come before. Ends when the signal aborts or the connection does; the caller decides to come back.
 */
export async function* pendingEvents(transport: Transport, signal: AbortSignal): AsyncGenerator<void> {
  const response = await transport.stream('events', signal);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  yield;
  let buffer = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (buffer + value).split(/\r?\n\r?\n/);
      buffer = blocks.pop() ?? '';
      if (blocks.some((block) => /^event: ?pending\r?$/m.test(block))) yield;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
