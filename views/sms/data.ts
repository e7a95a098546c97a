/** What each SMS must be given. */
export interface SmsData {
  /** The code of an activation: six digits, and the host of the app that may fill it in by itself. */
  activation_code: { code: string; domain: string };
  /** A phone was added; whoever did not add it can stop it on the page of this address. */
  device_added: { stopUrl?: string };
  /** The address or number in the registry changed; the page of this address stops it. */
  contact_changed: { stopUrl: string };
}

export type SmsTemplate = keyof SmsData;
