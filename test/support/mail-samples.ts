import type { MailData, MailTemplate } from '../../views/mails/index.ts';

/** One sample of each mail, and of each of its variants. */
export const MAIL_SAMPLES: { [T in MailTemplate]: Record<string, MailData[T]> } = {
  activation_qr: {
    usual: {
      qrText: 'ECPS1:AZ3vXl1bTg2Hn0Jq3k5m7p9rsTUVwxyz0123456789A',
      typedCode: 'K7QF2M9A',
      expiresAt: new Date('2021-01-14T08:00:00Z'),
      minutes: 30,
      deviceName: 'Pixel 8 de Léa',
    },
  },
  activation_closed: {
    other: { deviceName: 'iPhone 15', at: '2021-01-14T07:30:00Z', reason: 'other_completed' },
  },
  device_added: {
    now: { deviceName: 'Pixel 8', at: '2021-07-14T20:05:00Z' },
    quarantine: {
      deviceName: 'Pixel 8',
      at: '2021-01-14T07:30:00Z',
      quarantineUntil: '2021-01-14T08:30:00Z',
      stopUrl: 'https://caducee.test/telephone/arreter/8pQ2',
    },
  },
  device_removed: {
    owner: { deviceName: 'Pixel 8', at: '2021-01-14T07:30:00Z', by: 'owner' },
    registry: { deviceName: 'Pixel 8', at: '2021-01-14T07:30:00Z', by: 'registry' },
  },
  device_locked: { usual: { deviceName: 'Pixel 8', at: '2021-01-14T07:30:00Z' } },
  device_frozen: { usual: { deviceName: 'Pixel 8', at: '2021-01-14T07:30:00Z' } },
  pin_changed: {
    usual: { deviceName: 'Pixel 8', at: '2021-01-14T07:30:00Z', rollbackUntil: '2021-01-14T07:40:00Z' },
  },
  contact_changed: {
    both: {
      at: '2021-01-14T07:30:00Z',
      effectiveAt: '2021-01-17T07:30:00Z',
      changed: 'both',
      stopUrl: 'https://caducee.test/coordonnees/arreter/8pQ2',
    },
    phone: {
      at: '2021-01-14T07:30:00Z',
      effectiveAt: '2021-01-17T07:30:00Z',
      changed: 'phone',
      stopUrl: 'https://caducee.test/coordonnees/arreter/8pQ2',
    },
  },
  contact_restored: { usual: { at: '2021-01-14T07:30:00Z' } },
  renewal_due: {
    month: { deviceName: 'Pixel 8', dueAt: '2022-01-14T07:30:00Z', days: 30 },
    last: { deviceName: 'Pixel 8', dueAt: '2022-01-14T07:30:00Z', days: 1 },
  },
  operator_act: Object.fromEntries(
    (['waits', 'done', 'break_glass'] as const).map((what) => [
      what,
      {
        what,
        id: 'act_7ZQ2M9AK7QF2M9AK7QF2M9AK7Q',
        act: 'registry.rollback',
        operator: 'claire',
        reason: 'file of the wrong day',
        at: '2021-01-14T07:30:00Z',
      },
    ]),
  ),
  sign_in_reported: {
    usual: {
      at: '2021-01-14T07:30:00Z',
      service: 'Vaccin Covid',
      browser: 'Firefox, Windows',
      place: '',
      deviceName: 'Pixel 8',
    },
  },
};
