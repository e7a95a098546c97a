import { type Phone, createPhone } from '../../src/phone/client.ts';
import { type MemoryVault, createMemoryVault } from '../support/phone-vault.ts';
import { startProtocolServer } from './protocol/server.ts';
import { type PhoneUnderTest, protocolSuite } from './protocol/suite.ts';

const DEVICE = { name: 'Téléphone de test', model: 'Virtuel', os: 'Node' };

/** The shared client behind the suite's interface. */
const wrap = (origin: string, vault: MemoryVault): PhoneUnderTest => {
  const phone: Phone = createPhone({ origin, vault, locale: 'fr' });
  return {
    ...phone,
    activate: (nationalId, { newKeys = false } = {}) =>
      phone.activate({ nationalId, device: DEVICE, newKeys }),
    activateByCard: (qr, { newKeys = false } = {}) => phone.activateByCard({ qr, device: DEVICE, newKeys }),
    scan: (text) => (text.startsWith('http') ? phone.openLink(text) : phone.scanSignIn(text)),
    async nextEvent() {
      const stop = new AbortController();
      const events = phone.events(AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]));
      await events.next();
      let { requests } = await phone.pending();
      while (requests.length === 0 && !(await events.next()).done) ({ requests } = await phone.pending());
      stop.abort();
    },
    clone: async () => wrap(origin, vault.copy()),
  };
};

protocolSuite(
  'the shared client',
  () => startProtocolServer(),
  async ({ origin }) => wrap(origin, createMemoryVault()),
);
