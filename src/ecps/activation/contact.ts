import type { ContactState } from '../../registry/service.ts';
import type { Ecps } from '../deps.ts';
import { refuse } from '../refuse.ts';

/** The contact details, which must be there and old enough. */
export const requireContact = async (
  ecps: Ecps,
  practitionerId: string,
): Promise<Extract<ContactState, { state: 'ok' }>> => {
  const contact = await ecps.registry.contact(practitionerId);
  if (contact.state === 'ok') return contact;
  if (contact.state === 'missing') throw refuse('contact_missing');
  throw refuse('contact_too_recent', { availableAt: contact.availableAt });
};
