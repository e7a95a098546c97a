/**
 * Requests to the outside for revocation: to configured addresses alone, bounded in time and size. Lists and
 * responses are signed, so plain http is usual here.
 */

const TIMEOUT = 20_000;

const read = async (response: Response, limit: number): Promise<Buffer> => {
  if (!response.ok || !response.body) throw new Error(`answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > limit) throw new Error(`longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Fetches a revocation list of at most 64 MiB. */
export const fetchList = async (url: string): Promise<Buffer> =>
  read(await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) }), 64 * 1024 * 1024);

/** A client of one OCSP responder; answers are at most 64 KiB and come within 5 s. */
export const createOcspPost =
  (url: string) =>
  async (request: Buffer): Promise<Buffer> =>
    read(
      await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/ocsp-request' },
        body: Uint8Array.from(request),
        redirect: 'error',
        signal: AbortSignal.timeout(5_000),
      }),
      64 * 1024,
    );
