import type { MailContext } from '../../views/mails/index.ts';
import { type Config, isLoopbackHost } from '../config.ts';
import type { Clock } from '../platform/clock.ts';
import { createMailTransport } from './mail.ts';
import { createPushTransport } from './push.ts';
import { createSmsTransport } from './sms.ts';
import type { Transports } from './transport.ts';

const mailContext = (config: Config): MailContext => ({
  timeZone: config.timeZone,
  help: {
    phone: config.helpPhone,
    hours: { fr: config.helpHours, en: config.helpHoursEn ?? config.helpHours },
  },
});

/** The means of sending that the configuration names; without VAPID keys there is no push. */
export const createMessageTransports = (config: Config, clock: Clock): Transports => {
  const { vapidSubject, vapidPublicKey, vapidPrivateKey } = config;
  return {
    mail: createMailTransport({
      smtpUrl: config.smtpUrl,
      allowPlain: isLoopbackHost(new URL(config.smtpUrl).hostname),
      from: config.mailFrom,
      context: mailContext(config),
    }),
    sms: createSmsTransport({
      accountSid: config.twilioAccountSid,
      authToken: config.twilioAuthToken,
      from: config.twilioFrom,
      baseUrl: config.twilioBaseUrl,
      clock,
    }),
    ...(vapidSubject && vapidPublicKey && vapidPrivateKey
      ? { push: createPushTransport({ vapidSubject, vapidPublicKey, vapidPrivateKey, clock }) }
      : {}),
  };
};
