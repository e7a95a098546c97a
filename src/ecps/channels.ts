/** Channels of the expiring store on which phones and pages listen; what is published is only a hint to look. */

/** Something changed for the phones of this person. */
export const personChannel = (nationalId: string): string => `ecps:person:${nationalId}`;

/** Something changed for the page that started this sign-in. */
export const transactionChannel = (txn: string): string => `ecps:page:${txn}`;

/** Something changed for the page on which this activation by card began. */
export const activationChannel = (id: string): string => `ecps:activation:${id}`;
