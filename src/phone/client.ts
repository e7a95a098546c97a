import type {
  DeviceView,
  NewPhone,
  PendingRequest,
  PushSubscriptionJson,
  ResponseOf,
} from '../ecps/protocol/api.ts';
import type { ActivationFlow } from './activation.ts';
import { createActivationFlow } from './activation.ts';
import { pendingEvents } from './events.ts';
import type { PinFlow } from './pin-change.ts';
import { createPinFlow } from './pin-change.ts';
import type { SignInFlow } from './sign-in.ts';
import { createSignInFlow } from './sign-in.ts';
import type { Clock } from './clock.ts';
import { createSigning } from './signing.ts';
import type { Fetch, Transport, TransportOptions } from './transport.ts';
import { createTransport } from './transport.ts';
import type { PhoneState, Vault } from './vault.ts';

export interface PhoneOptions extends Omit<TransportOptions, 'fetch'> {
  readonly vault: Vault;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

/**
 * An e-CPS phone: everything the app can do, over any `fetch` and any vault. The web app and the virtual phone are
 * two faces of it. Refusals of the server come as {@link PhoneRefusal}, the phone's own findings as
 * {@link PhoneError}.
 */
export interface Phone extends ActivationFlow, SignInFlow, PinFlow {
  state(): Promise<PhoneState>;
  me(): Promise<ResponseOf<'me'>>;
  pending(): Promise<{ requests: PendingRequest[]; newPhones: NewPhone[] }>;
  /** Yields each time the server has something new for this phone, until the signal. */
  events(signal: AbortSignal): AsyncGenerator<void>;
  devices(): Promise<DeviceView[]>;
  rename(deviceId: string, name: string): Promise<DeviceView>;
  revoke(deviceId: string): Promise<void>;
  push(subscription: PushSubscriptionJson | null): Promise<void>;
  history(): Promise<ResponseOf<'history'>['entries']>;
  /** Any call of the API, for what has no method of its own. */
  readonly call: Transport['call'];
}

/** Makes a phone on a vault. Opens no connection. */
export const createPhone = (options: PhoneOptions): Phone => {
  const transport = createTransport({
    ...options,
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
  });
  const signing = createSigning(options.vault, options.clock ?? { now: () => new Date() });
  const parts = { transport, signing, vault: options.vault };

  return {
    ...createActivationFlow(parts, options.locale),
    ...createSignInFlow(parts),
    ...createPinFlow(parts),
    state: () => signing.state(),
    me: () => transport.call('me'),
    pending: () => transport.call('pending'),
    events: (signal) => pendingEvents(transport, signal),
    devices: async () => (await transport.call('devices')).devices,
    rename: async (id, name) => (await transport.call('rename', { id, body: { name } })).device,
    revoke: async (id) => {
      await transport.call('revoke', { id, body: {} });
      await signing.update(({ device, ...rest }) =>
        device && device.id !== id ? { ...rest, device } : rest,
      );
    },
    push: async (subscription) => {
      await transport.call('push', { body: { subscription } });
    },
    history: async () => (await transport.call('history')).entries,
    call: transport.call,
  };
};
