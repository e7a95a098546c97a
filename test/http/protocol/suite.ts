import { describe } from 'vitest';
import { activationTests } from './activation.ts';
import { cardTests } from './card.ts';
import { lifeTests } from './life.ts';
import { lostAndCopiedTests } from './lost-and-copied.ts';
import type { MakePhone } from './phone-under-test.ts';
import type { ProtocolServer } from './server.ts';
import { signInTests } from './sign-in.ts';
import { createStory } from './story.ts';
import { wrongPinTests } from './wrong-pins.ts';

export type { MakePhone, PhoneUnderTest } from './phone-under-test.ts';

/** The e-CPS protocol as a phone lives it, against the real server; any phone can be put to it. */
export const protocolSuite = (name: string, start: () => Promise<ProtocolServer>, make: MakePhone): void => {
  describe(`e-CPS protocol, ${name}`, async () => {
    const story = createStory(await start(), make);
    activationTests(story);
    cardTests(story);
    signInTests(story);
    wrongPinTests(story);
    lostAndCopiedTests(story);
    lifeTests(story);
  });
};
