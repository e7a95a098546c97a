import { parseConfig, type Config } from '../../src/config.ts';

/** A configuration that is valid and reaches nothing. */
export const testConfig = (changes: Record<string, string> = {}): Config =>
  parseConfig({
    CADUCEE_MODE: 'sandbox',
    CADUCEE_ISSUER: 'http://localhost:4000/auth/realms/esante-wallet',
    CADUCEE_DATABASE_URL: 'postgres:///none',
    CADUCEE_STORE: 'postgres',
    CADUCEE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
    CADUCEE_SMTP_URL: 'smtp://localhost:1',
    CADUCEE_MAIL_FROM: 'Caducée <non@localhost>',
    CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    CADUCEE_TWILIO_AUTH_TOKEN: 'none',
    CADUCEE_TWILIO_FROM: 'Caducee',
    CADUCEE_HELP_PHONE: '01 99 00 00 00',
    CADUCEE_HELP_HOURS: 'du lundi au vendredi, de 8 h à 20 h',
    CADUCEE_HELP_HOURS_EN: 'Monday to Friday, 8 am to 8 pm',
    ...changes,
  });
