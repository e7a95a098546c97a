import { Enumerated, OctetString, fromBER } from 'asn1js';
import {
  BasicOCSPResponse,
  CertID,
  type Certificate,
  Extension,
  OCSPRequest,
  OCSPResponse,
  type SingleResponse,
  getCrypto,
} from 'pkijs';
import type { Clock } from '../../platform/clock.ts';
import { constantTimeEqual } from '../../platform/crypto.ts';
import type { Log } from '../../platform/log.ts';
import { bytes } from '../../platform/random.ts';
import { type ParsedCertificate, parseCertificate } from '../certificate.ts';
import { OID } from '../oids.ts';
import type { AskResponder } from '../verify.ts';
import type { RevocationVerdict } from './crl.ts';

/**
 * OCSP (RFC 6960), optional and asked at one configured address. A response counts only when it is signed by the
 * issuing authority or by a responder that it delegated (EKU OCSPSigning), speaks of this very certificate, is within
 * its dates and no older than the freshness limit, and carries our nonce if it carries one.
 */

const NONCE = '1.3.6.1.5.5.7.48.1.2';
const SUCCESSFUL = 0;
const GOOD = 0;
const REVOKED = 1;

/** Why a response does not count; the message is for the log. */
export class OcspError extends Error {}

/** Sends a request to the responder, bounded in time and size by the implementation. */
export type PostOcsp = (request: Buffer) => Promise<Buffer>;

/** Builds a request with a nonce. */
export const makeRequest = async (
  holder: ParsedCertificate,
  issuer: ParsedCertificate,
): Promise<{ der: Buffer; nonce: Buffer }> => {
  const nonce = bytes(16);
  const request = new OCSPRequest();
  await request.createForCertificate(holder.asn1(), {
    hashAlgorithm: 'SHA-1',
    issuerCertificate: issuer.asn1(),
  });
  request.tbsRequest.requestExtensions = [
    new Extension({
      extnID: NONCE,
      extnValue: new OctetString({ valueHex: Uint8Array.from(nonce).buffer }).toBER(),
    }),
  ];
  return { der: Buffer.from(request.toSchema(true).toBER()), nonce };
};

const readBasic = (der: Buffer): BasicOCSPResponse => {
  let response: OCSPResponse;
  try {
    response = OCSPResponse.fromBER(Uint8Array.from(der));
  } catch (error) {
    throw new OcspError('not an OCSP response', { cause: error });
  }
  const status: unknown = response.responseStatus;
  if (
    !(status instanceof Enumerated) ||
    status.valueBlock.valueDec !== SUCCESSFUL ||
    !response.responseBytes
  ) {
    throw new OcspError('the responder answers with an error');
  }
  return BasicOCSPResponse.fromBER(new Uint8Array(response.responseBytes.response.valueBlock.valueHexView));
};

const mayRespond = (certificate: ParsedCertificate, issuer: ParsedCertificate, now: Date): boolean =>
  certificate.issuer === issuer.subjectName &&
  certificate.x509.verify(issuer.x509.publicKey) &&
  certificate.extendedKeyUsage.includes(OID.ocspSigning) &&
  certificate.notBefore <= now &&
  now <= certificate.notAfter;

/** The certificate that signed: the authority itself or one that it delegated. */
const findSigner = (basic: BasicOCSPResponse, issuer: ParsedCertificate, now: Date): ParsedCertificate[] => [
  issuer,
  ...(basic.certs ?? [])
    .map((certificate: Certificate) => parseCertificate(Buffer.from(certificate.toSchema(true).toBER())))
    .filter((certificate) => mayRespond(certificate, issuer, now)),
];

const verifySignature = (basic: BasicOCSPResponse, signer: Certificate): Promise<boolean> =>
  getCrypto(true)
    .verifyWithPublicKey(
      new Uint8Array(basic.tbsResponseData.tbsView),
      basic.signature,
      signer.subjectPublicKeyInfo,
      basic.signatureAlgorithm,
    )
    // A key of another kind than the signature's: not the signer.
    .catch(() => false);

const isSigned = async (
  basic: BasicOCSPResponse,
  signers: readonly ParsedCertificate[],
): Promise<boolean> => {
  for (const signer of signers) if (await verifySignature(basic, signer.asn1())) return true;
  return false;
};

const checkNonce = (basic: BasicOCSPResponse, nonce: Buffer): void => {
  const found = basic.tbsResponseData.responseExtensions?.find(({ extnID }) => extnID === NONCE);
  if (!found) return;
  const value = fromBER(found.extnValue.valueBlock.valueHexView).result;
  const echoed = value instanceof OctetString ? value.valueBlock.valueHexView : new Uint8Array();
  if (!constantTimeEqual(echoed, nonce)) throw new OcspError('the response answers another request');
};

const checkDates = (single: SingleResponse, now: Date, freshnessSeconds: number): void => {
  if (single.thisUpdate > now) throw new OcspError('the response comes from the future');
  if (single.nextUpdate && single.nextUpdate < now) throw new OcspError('the response is out of date');
  if (now.getTime() - single.thisUpdate.getTime() > freshnessSeconds * 1000) {
    throw new OcspError('the response is older than the freshness limit');
  }
};

/** Judges a response. Throws {@link OcspError} when it does not count. */
export const readResponse = async (
  der: Buffer,
  expected: {
    holder: ParsedCertificate;
    issuer: ParsedCertificate;
    nonce: Buffer;
    now: Date;
    freshnessSeconds: number;
  },
): Promise<RevocationVerdict> => {
  const basic = readBasic(der);
  const signers = findSigner(basic, expected.issuer, expected.now);
  if (!(await isSigned(basic, signers)))
    throw new OcspError('the response is not signed by an authorised responder');
  checkNonce(basic, expected.nonce);
  for (const single of basic.tbsResponseData.responses) {
    const wanted = new CertID();
    await wanted.createForCertificate(expected.holder.asn1(), {
      hashAlgorithm: hashOf(single),
      issuerCertificate: expected.issuer.asn1(),
    });
    if (!wanted.isEqual(single.certID)) continue;
    checkDates(single, expected.now, expected.freshnessSeconds);
    const tag = (single.certStatus as { idBlock?: { tagNumber?: number } } | undefined)?.idBlock?.tagNumber;
    return tag === GOOD ? 'good' : tag === REVOKED ? 'revoked' : 'unknown';
  }
  throw new OcspError('the response speaks of another certificate');
};

const HASHES: Record<string, string> = {
  '1.3.14.3.2.26': 'SHA-1',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
};

const hashOf = (single: SingleResponse): string => HASHES[single.certID.hashAlgorithm.algorithmId] ?? 'SHA-1';

/** Asks the responder; a failure of any kind is `unknown`, and told to the log. */
export const createResponderClient = (options: {
  post: PostOcsp;
  clock: Clock;
  log: Log;
  freshnessSeconds: number;
}): AskResponder => {
  return async (holder, [issuer]) => {
    if (!issuer) return 'unknown';
    try {
      const { der, nonce } = await makeRequest(holder, issuer);
      const answer = await options.post(der);
      return await readResponse(answer, {
        holder,
        issuer,
        nonce,
        now: options.clock.now(),
        freshnessSeconds: options.freshnessSeconds,
      });
    } catch (error) {
      options.log.warn({ err: error }, 'the OCSP responder gave no usable answer');
      return 'unknown';
    }
  };
};
