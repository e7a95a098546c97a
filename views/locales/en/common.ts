import type { Translation } from '../catalogue.ts';
import type { common as fr } from '../fr/common.ts';

/** Words of every page. */
export const common = {
  product: 'Caducée',
  skip: 'Skip to content',
  aim: 'Sign-in for health professionals',
  language: { label: 'Language', fr: 'Français', en: 'English' },
  help: {
    link: 'Something wrong?',
    desk: 'Help desk',
    call: (phone: string, hours: string) => `Help desk: ${phone}, ${hours}`,
  },
  service: {
    opening: 'You are about to open',
    backTo: (name: string) => `Back to ${name}`,
    back: 'Back to the service',
  },
  ways: {
    label: 'What now',
    activate: 'Activate my e-CPS',
    directory: 'What is my number?',
    test: 'Test my e-CPS',
    help: 'Find help',
    ordre: 'My account with the Ordre',
    diagnostic: 'Check my card',
    home: 'Home',
    account: 'See my open sessions',
    restart: 'Start again',
  },
  support: 'To give on the phone if you call the help desk:',
  duration: (seconds: number) => {
    const minutes = Math.floor(seconds / 60);
    const rest = seconds % 60;
    if (minutes === 0) return `${rest} s`;
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  },
} as const satisfies Translation<typeof fr>;
