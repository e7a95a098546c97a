import { expect } from 'vitest';
import type { Bind, PendingRequest } from '../../../src/ecps/protocol/api.ts';
import type { MakePhone, PhoneUnderTest } from './phone-under-test.ts';
import type { ProtocolServer } from './server.ts';

/** What most tests of the suite begin with. */

export const PIN = '493027';
export const OTHER_PIN = '830264';
/** A PIN that is wrong, different at each call. */
export const wrong = (index: number): string => String(700_135 + index * 1_237);

/** A refusal with this code. */
export const refused = (code: string, facts: Record<string, unknown> = {}): unknown =>
  expect.objectContaining({ code, ...facts });

export const number = (value: string | undefined): Bind => ({ m: 'number', v: value ?? '' });
/** A number that the page does not show. */
export const other = (value: string | undefined): Bind => number(value === '10' ? '11' : '10');

/** The one request that waits. */
export const only = async (phone: PhoneUnderTest): Promise<PendingRequest> => {
  const { requests } = await phone.pending();
  expect(requests).toHaveLength(1);
  const [request] = requests;
  if (!request) throw new Error('nothing is pending');
  return request;
};

/** Approves what waits, with the number of the page. */
export const byNumber = async (phone: PhoneUnderTest, page: { number: string | undefined }, pin = PIN) =>
  phone.approve({ request: await only(phone), bind: number(page.number), pin });

export interface Story {
  server: ProtocolServer;
  makePhone(): Promise<PhoneUnderTest>;
  /** Goes through mail and SMS, up to the PIN. */
  upToPin: ReturnType<typeof createUpToPin>;
  /** A phone with its e-CPS, of somebody new. */
  enrolled: ReturnType<typeof createEnrolled>;
}

const createUpToPin =
  (server: ProtocolServer) =>
  async (phone: PhoneUnderTest, nationalId: string, options: { newKeys?: boolean } = {}) => {
    const { activationId } = await phone.activate(nationalId, options);
    const { qr } = await server.mail(activationId);
    await phone.scanMail(qr);
    return phone.smsCode(await server.smsCode(nationalId));
  };

const createEnrolled = (server: ProtocolServer, makePhone: () => Promise<PhoneUnderTest>) => async () => {
  const nationalId = await server.person();
  const phone = await makePhone();
  await createUpToPin(server)(phone, nationalId);
  const enrolment = await phone.enrol(PIN);
  return { phone, nationalId, ...enrolment };
};

export const createStory = (server: ProtocolServer, make: MakePhone): Story => {
  const makePhone = () => make(server);
  return { server, makePhone, upToPin: createUpToPin(server), enrolled: createEnrolled(server, makePhone) };
};
