import type { Bind, PendingRequest, ResponseOf } from '../ecps/protocol/api.ts';
import { contextHash } from '../ecps/protocol/api.ts';
import { toBase64url } from '../ecps/protocol/encoding.ts';
import { bodyHash } from '../ecps/protocol/proof.ts';
import { parseSameLink, parseSignInQr } from '../ecps/protocol/qr.ts';
import type { PhoneParts } from './parts.ts';
import { PhoneError } from './errors.ts';
import { trustedIssuer } from './issuer.ts';

/** A request together with what ties it to the screen that asked. */
export interface BoundRequest {
  readonly request: PendingRequest;
  readonly bind: Bind;
}

export interface SignInFlow {
  /** Takes the sign-in QR: the request, and the bind to approve it with. */
  scanSignIn(qr: string): Promise<BoundRequest>;
  /** Takes the same-phone link. */
  openLink(link: string): Promise<BoundRequest>;
  /** Approves what is shown by `request.context`. With a link, `returnTo` is the address to open, complete. */
  approve(input: BoundRequest & { pin: string }): Promise<ResponseOf<'approve'>>;
  deny(txn: string): Promise<void>;
  /** "Je n'ai rien demandé". */
  report(txn: string): Promise<void>;
}

export const createSignInFlow = ({ transport, signing }: PhoneParts): SignInFlow => {
  const device = async () => {
    const { device: known } = await signing.state();
    if (!known) throw new PhoneError('not_activated', 'this phone has no e-CPS yet');
    return known;
  };

  return {
    async scanSignIn(qr) {
      const { secret } = parseSignInQr(qr);
      const request = await transport.call('scan', { body: { qr: qr.trim() } });
      return { request, bind: { m: 'qr', v: secret } };
    },
    async openLink(link) {
      const { secret } = parseSameLink(link);
      const request = await transport.call('scan', { body: { link: link.trim() } });
      return { request, bind: { m: 'link', v: secret } };
    },
    async approve({ request, bind, pin }) {
      const { id: deviceId } = await device();
      const { txn, gen } = request;
      const aud = trustedIssuer(request.aud, transport.origin);
      const P = await signing.pinKey({
        pin,
        gen,
        deviceId,
        subject: txn,
        evaluate: (blinded) => transport.call('evaluate', { id: txn, body: { blinded, bind } }),
      });
      const verifier =
        bind.m === 'link' ? toBase64url(crypto.getRandomValues(new Uint8Array(32))) : undefined;
      const answer = await signing.signed(
        {
          typ: 'ecps.approval.v1',
          aud,
          txn,
          act: 'approve',
          device_id: deviceId,
          gen,
          chal: request.challenge,
          ctx_sha256: contextHash(request.context),
          bind,
          flow: verifier ? 'same' : 'cross',
          ...(verifier ? { verifier_sha256: bodyHash(verifier) } : {}),
        },
        [P],
        (jws) => transport.call('approve', { id: txn, body: { jws } }),
      );
      if (!verifier || !answer.returnTo) return answer;
      const returnTo = new URL(trustedIssuer(answer.returnTo, transport.origin));
      returnTo.searchParams.set('v', verifier);
      return { ...answer, returnTo: returnTo.href };
    },
    deny: async (txn) => {
      await transport.call('deny', { id: txn, body: {} });
    },
    report: async (txn) => {
      await transport.call('report', { id: txn, body: {} });
    },
  };
};
