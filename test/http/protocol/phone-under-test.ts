import type {
  ActivationView,
  Bind,
  DeviceView,
  NewPhone,
  PendingRequest,
} from '../../../src/ecps/protocol/api.ts';
import type { ProtocolServer } from './server.ts';

/**
 * What the protocol suite asks of a phone. Every argument and result is JSON, so that a phone in a browser can be driven
 * from outside.
 */
export interface PhoneUnderTest {
  activate(nationalId: string, options?: { newKeys?: boolean }): Promise<ActivationView>;
  /** Scans the QR of the page on which a card was presented. */
  activateByCard(qr: string, options?: { newKeys?: boolean }): Promise<ActivationView>;
  activation(): Promise<ActivationView>;
  resendMail(): Promise<ActivationView>;
  scanMail(qr: string): Promise<ActivationView>;
  typeMailCode(code: string): Promise<ActivationView>;
  smsCode(code: string): Promise<ActivationView>;
  enrol(pin: string): Promise<{ device: DeviceView; revocationCode: string; receipt: string }>;
  pending(): Promise<{ requests: PendingRequest[]; newPhones: NewPhone[] }>;
  /** Resolves at the next event that the server sends, the first on connection left out. */
  nextEvent(): Promise<void>;
  /** The request of a sign-in QR or of a same-phone link, with the bind to approve it. */
  scan(text: string): Promise<{ request: PendingRequest; bind: Bind }>;
  approve(input: { request: PendingRequest; bind: Bind; pin: string }): Promise<{
    receipt: string;
    returnTo?: string | undefined;
    wrongTriesSince: number;
  }>;
  deny(txn: string): Promise<void>;
  report(txn: string): Promise<void>;
  changePin(oldPin: string, newPin: string): Promise<{ gen: number; rollbackUntil: string }>;
  rollbackPin(oldPin: string): Promise<{ gen: number }>;
  renew(pin: string): Promise<DeviceView>;
  approveNewPhone(deviceId: string, pin: string): Promise<void>;
  denyNewPhone(deviceId: string): Promise<void>;
  me(): Promise<{ device: DeviceView }>;
  devices(): Promise<DeviceView[]>;
  rename(deviceId: string, name: string): Promise<DeviceView>;
  revoke(deviceId: string): Promise<void>;
  history(): Promise<{ kind: string; service?: string | undefined }[]>;
  /** Another phone with the same keys and the same memory, as a thief would make. */
  clone(): Promise<PhoneUnderTest>;
}

export type MakePhone = (server: ProtocolServer) => Promise<PhoneUnderTest>;
