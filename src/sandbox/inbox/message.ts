/** A mail or an SMS as the sandbox received it. */
export interface InboxMessage {
  id: string;
  kind: 'mail' | 'sms';
  to: string;
  from: string;
  subject?: string;
  text: string;
  html?: string;
  /** ISO 8601. */
  receivedAt: string;
  attachments: InboxAttachment[];
}

/** A part of a mail: the image of a QR code. */
export interface InboxAttachment {
  cid: string;
  filename: string;
  contentType: string;
  /** Base64. */
  content: string;
}

/** What {@link import('./store.ts').InboxStore.list} looks for; every given field must match. */
export interface InboxFilter {
  to?: string | undefined;
  kind?: string | undefined;
  limit?: number | undefined;
}

/** Addresses without case; telephone numbers by their digits, since `+` in a query is a space. */
export const sameRecipient = (a: string, b: string): boolean =>
  a.includes('@') || b.includes('@')
    ? a.trim().toLowerCase() === b.trim().toLowerCase()
    : a.replaceAll(/\D/g, '') === b.replaceAll(/\D/g, '');
