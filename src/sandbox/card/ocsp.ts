import { webcrypto } from 'node:crypto';
import { Constructed, Enumerated, GeneralizedTime, OctetString, Primitive } from 'asn1js';
import {
  BasicOCSPResponse,
  type CertID,
  type Extension,
  OCSPRequest,
  OCSPResponse,
  ResponseBytes,
  SingleResponse,
} from 'pkijs';
import { normalizeSerial } from '../../card/certificate.ts';
import type { Issued } from './authority.ts';

/** The responder of the development PKI (RFC 6960): each authority signs for the certificates that it issued. */

const BASIC = '1.3.6.1.5.5.7.48.1.1';
const NONCE = '1.3.6.1.5.5.7.48.1.2';
const MALFORMED = 1;
const UNAUTHORIZED = 6;
const HOUR = 3_600_000;

export interface Responder {
  authorities: readonly Issued[];
  /** When this serial number was revoked; undefined: it was not. */
  revokedAt(serial: string): Date | undefined;
  now: Date;
}

const failure = (status: number): Buffer => {
  const response = new OCSPResponse({ responseStatus: new Enumerated({ value: status }) });
  return Buffer.from(response.toSchema().toBER());
};

const hashOf = (id: CertID): string =>
  id.hashAlgorithm.algorithmId === '2.16.840.1.101.3.4.2.1' ? 'SHA-256' : 'SHA-1';

const keyHash = async (authority: Issued, hash: string): Promise<string> => {
  const key = authority.certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return Buffer.from(await webcrypto.subtle.digest(hash, Uint8Array.from(key))).toString('hex');
};

/** The authority that a request means. */
const findAuthority = async (id: CertID, authorities: readonly Issued[]): Promise<Issued | undefined> => {
  const wanted = Buffer.from(id.issuerKeyHash.valueBlock.valueHexView).toString('hex');
  for (const authority of authorities) {
    if ((await keyHash(authority, hashOf(id))) === wanted) return authority;
  }
  return undefined;
};

const contextual = (tagNumber: number) => ({ idBlock: { tagClass: 3, tagNumber } });

const statusOf = (id: CertID, responder: Responder): SingleResponse => {
  const serial = normalizeSerial(Buffer.from(id.serialNumber.valueBlock.valueHexView).toString('hex'));
  const revoked = responder.revokedAt(serial);
  const single = new SingleResponse();
  single.certID = id;
  single.certStatus = revoked
    ? new Constructed({ ...contextual(1), value: [new GeneralizedTime({ valueDate: revoked })] })
    : new Primitive(contextual(0));
  single.thisUpdate = new Date(responder.now.getTime() - 1_000);
  single.nextUpdate = new Date(responder.now.getTime() + HOUR);
  return single;
};

const sign = async (
  authority: Issued,
  responses: SingleResponse[],
  nonce: Extension | undefined,
  now: Date,
): Promise<Buffer> => {
  const basic = new BasicOCSPResponse();
  basic.tbsResponseData.responderID = authority.certificate.subject;
  basic.tbsResponseData.producedAt = now;
  basic.tbsResponseData.responses = responses;
  if (nonce) basic.tbsResponseData.responseExtensions = [nonce];
  await basic.sign(authority.keys.privateKey, 'SHA-256');
  const response = new OCSPResponse({
    responseStatus: new Enumerated({ value: 0 }),
    responseBytes: new ResponseBytes({
      responseType: BASIC,
      response: new OctetString({ valueHex: basic.toSchema().toBER() }),
    }),
  });
  return Buffer.from(response.toSchema().toBER());
};

/** Answers a request about certificates of one authority. */
export const answerOcsp = async (der: Uint8Array, responder: Responder): Promise<Buffer> => {
  let request: OCSPRequest;
  try {
    request = OCSPRequest.fromBER(Uint8Array.from(der));
  } catch {
    return failure(MALFORMED);
  }
  const ids = request.tbsRequest.requestList.map(({ reqCert }) => reqCert);
  const [first] = ids;
  const authority = first && (await findAuthority(first, responder.authorities));
  if (!authority) return failure(UNAUTHORIZED);
  const nonce = request.tbsRequest.requestExtensions?.find(({ extnID }) => extnID === NONCE);
  const responses = ids.map((id) => statusOf(id, responder));
  return sign(authority, responses, nonce, responder.now);
};
