/**
 * A mail is a list of blocks, drawn twice: as HTML and as text. So the text part says all that the HTML says.
 */
export type Block =
  | { type: 'text'; text: string }
  /** What to do, in order; the numbers go on after an interruption when `from` is given. */
  | { type: 'steps'; steps: readonly string[]; from?: number }
  | { type: 'facts'; facts: readonly (readonly [label: string, value: string])[] }
  /** The image comes with the mail; the text part says `instead`. */
  | { type: 'qr'; alt: string; instead: string }
  | { type: 'code'; label: string; code: string }
  | { type: 'action'; label: string; url: string }
  /** Set apart: what to do if it was not you. */
  | { type: 'warning'; title: string; text: string };

/** A mail before it is drawn. */
export interface MailContent {
  subject: string;
  /** What the list of mails shows after the subject. */
  preheader: string;
  title: string;
  blocks: readonly (Block | undefined)[];
}
