/** What is told to services over HTTP, server to server, and what became of it. */

/** Facts that a delivery carries until its end, by kind; they are encrypted while they wait. */
export interface DeliveryContents {
  /** A session ended (OpenID Connect Back-Channel Logout): whose, and which. The token is signed at each try. */
  backchannel_logout: { sub: string; sid?: string | undefined; algorithm: string };
  /** A CIBA request has its answer: fetch it (CIBA Core, 10.2). */
  ciba_ping: { authReqId: string; notificationToken: string };
}

export type DeliveryKind = keyof DeliveryContents;

/** queued → sending → sent, or back to queued; abandoned and expired are ends too. */
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'abandoned' | 'expired';

/** One delivery asked for. */
export type DeliveryRequest = {
  [K in DeliveryKind]: {
    kind: K;
    clientId: string;
    url: string;
    content: DeliveryContents[K];
    /** The person it is about, for the audit and the help desk. */
    nationalId?: string | undefined;
    /** Not to be tried before: what it tells is about to happen. */
    notBefore?: Date;
    /** After this instant it is worth nothing. By default the kind's own life. */
    expiresAt?: Date;
  };
}[DeliveryKind];

/** The HTTP request of one try. */
export interface HttpMessage {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** How each kind becomes an HTTP request; asked again for each try. */
export type Compose = {
  [K in DeliveryKind]: (request: Extract<DeliveryRequest, { kind: K }>) => Promise<HttpMessage>;
};

/** What operators see of one delivery: everything but its content. */
export interface DeliveryFate {
  id: string;
  kind: DeliveryKind;
  clientId: string;
  host: string;
  nationalId?: string;
  state: DeliveryState;
  attempts: number;
  /** What the service answered last. */
  lastStatus?: number;
  /** Why the last try failed. */
  lastError?: string;
  createdAt: Date;
  /** While it is queued: when it is tried next. */
  nextAttemptAt?: Date;
  expiresAt: Date;
  endedAt?: Date;
}

/** Which deliveries are asked; every given field must match. */
export interface DeliveryFilter {
  id?: string | undefined;
  clientId?: string | undefined;
  nationalId?: string | undefined;
  kind?: DeliveryKind | undefined;
  state?: DeliveryState | undefined;
  /** Newest first; 100 unless told. */
  limit?: number | undefined;
}
