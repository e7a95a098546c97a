import { join, relative } from 'node:path';
import { type Config, machineNode } from '../config.ts';
import type { Persona } from './personas.ts';
import type { SandboxClient } from '../clients/sandbox.ts';
import type { SandboxPorts } from './ports.ts';
import { localOrigin } from './variables.ts';

/** All that a newcomer, or a script, needs to know of a running sandbox. */
export interface SandboxSummary {
  issuer: string;
  discovery: string;
  home: string;
  app: string;
  inbox: string;
  /** The card's host: a label of its own for each attempt. Null where the environment offers no card. */
  card: string | null;
  /** The authority that browsers must trust to reach that host. */
  cardAuthority: string;
  services: { id: string; name: string; url: string }[];
  clients: { clientId: string; clientSecret?: string }[];
  personas: Persona[];
}

export const summarise = (
  config: Pick<Config, 'issuer' | 'appOrigin' | 'cardOrigin'>,
  ports: SandboxPorts,
  seeded: { personas: Persona[]; clients: readonly SandboxClient[] },
): SandboxSummary => ({
  issuer: config.issuer,
  discovery: `${config.issuer}/.well-known/openid-configuration`,
  home: `${localOrigin(ports.provider)}/`,
  app: `${config.appOrigin}/`,
  inbox: `${localOrigin(ports.inbox)}/`,
  card: config.cardOrigin ?? null,
  cardAuthority: `${localOrigin(ports.authority)}/autorite.pem`,
  services: [
    { id: 'vaccin-covid', name: 'Vaccin Covid', url: `${localOrigin(ports.vaccinCovid)}/` },
    { id: 'si-dep', name: 'SI-DEP', url: `${localOrigin(ports.siDep)}/` },
    { id: 'portail', name: 'Portail', url: `${localOrigin(ports.portal)}/` },
  ],
  // Those for scripts first; the example services are clients like any other.
  clients: [...seeded.clients]
    .sort((a, b) => Number(b.clientId.startsWith('sandbox')) - Number(a.clientId.startsWith('sandbox')))
    .map(({ clientId, clientSecret }) =>
      clientSecret === undefined ? { clientId } : { clientId, clientSecret },
    ),
  personas: seeded.personas,
});

/** The one line of `--json`. */
export const summaryLine = (summary: SandboxSummary): string =>
  `${JSON.stringify({
    ...summary,
    personas: summary.personas.map(({ nationalId, name, note }) => ({ nationalId, name, note })),
  })}\n`;

const SHOWN = 6;

interface StoryOptions {
  nationalId: string;
  portBase: number;
  /** Of this sandbox's data. */
  folder: string;
}

/** Where the story keeps its virtual phone: out of the way of git, apart for each sandbox, wiped by `npm run reset`. */
const statePath = (folder: string): string => {
  const absolute = join(folder, 'phone.json');
  const near = relative(process.cwd(), absolute);
  return near.startsWith('..') ? absolute : near;
};

/** The first Node that runs TypeScript as it is; npx lets an older one in the terminal give way to the project's. */
const OWN_NODE = 24;

/** The commands of the story for one person; the port base is told only when it is not the usual one. */
export const storyCommands = ({ nationalId, portBase, folder }: StoryOptions) => {
  const place = portBase === 4000 ? '' : ` --port-base ${portBase}`;
  const state = `--state ${statePath(folder)}`;
  const phone = `${(machineNode() ?? OWN_NODE) < OWN_NODE ? 'npx caducee' : 'node src/cli.ts'} phone`;
  return {
    activate: `${phone} activate ${nationalId} --pin 493027 ${state}${place}`,
    pending: `${phone} pending ${state}${place}`,
    approve: `${phone} approve ${state} --number 42${place}`,
    card: `node src/cli.ts card issue ${nationalId} --out carte.p12${place}`,
    activateCard: `node src/cli.ts phone activate-card --qr ECPS3:… --pin 493027 ${state}${place}`,
    approveLink: (link: string) => `${phone} approve ${state} --link '${link}'${place}`,
  };
};

/** What the terminal shows once all is ready. */
export const summaryText = (summary: SandboxSummary, place: Omit<StoryOptions, 'nationalId'>): string => {
  const rows = [
    ['Accueil · home', summary.home],
    ...summary.services.map(({ name, url }) => [name, url]),
    ['Messagerie · inbox', summary.inbox],
    ['Découverte · discovery', summary.discovery],
  ];
  const commands = storyCommands({ ...place, nationalId: summary.personas[0]?.nationalId ?? '' });
  const people = summary.personas.slice(0, SHOWN);
  const width = Math.max(...people.map(({ name }) => name.length));
  return [
    '',
    'Caducée est prêt. Tout n’écoute que cet ordinateur ; Ctrl-C arrête tout.',
    'Caducée is ready. Everything listens to this computer only; Ctrl-C stops it all.',
    '',
    ...rows.map(([name = '', url = '']) => `  ${name.padEnd(24)}${url}`),
    '',
    ...people.map(({ nationalId, name, note }) =>
      `  ${nationalId}  ${name.padEnd(width)}  ${note}`.trimEnd(),
    ),
    ...(summary.personas.length > SHOWN
      ? [`  … ${summary.personas.length - SHOWN} autres sur la page d’accueil · more on the home page`]
      : []),
    '',
    '  Activer une e-CPS avec le téléphone virtuel · activate an e-CPS with the virtual phone:',
    `    ${commands.activate}`,
    '',
    '',
  ].join('\n');
};
