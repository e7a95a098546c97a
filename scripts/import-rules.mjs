// Which part of the tree may import which: the one place where it is written. scripts/check-imports.mjs checks it.
//
// A file belongs to the first zone whose prefix matches its path. A zone may import itself and what `may` lists, by
// zone name; `packages` limits what it may import from npm and from Node (absent: anything); `only` limits the files
// of another zone. Types count like values: an arrow is an arrow.

/** @typedef {{ zone: string, prefix: RegExp, may: string[] | 'anything', packages?: RegExp, why: string }} Zone */

const BASE = ['platform', 'errors', 'config'];
const VIEWS = ['views', 'ecps-protocol'];

/** @type {Zone[]} */
export const ZONES = [
  {
    zone: 'errors',
    prefix: /^src\/http\/errors\.ts$/,
    may: ['platform'],
    why: 'the one class of expected errors; everyone throws it',
  },
  { zone: 'config', prefix: /^src\/config(\.ts$|\/)/, may: [], why: 'reads the environment, knows nobody' },
  {
    zone: 'command',
    prefix: /^src\/(command|io)\.ts$/,
    may: ['config', 'platform'],
    why: 'what the command line hands to an area',
  },
  {
    zone: 'wiring',
    prefix: /^src\/(main|app|cli|command-line|wiring)(\.ts|\/)/,
    may: 'anything',
    why: 'the composition root',
  },
  {
    zone: 'ecps-protocol',
    prefix: /^src\/ecps\/protocol\//,
    may: [],
    packages: /^(@noble\/|hash-wasm$|jose$|zod$|canonicalize$)/,
    why: 'pure: the phone in a browser and the server run the same code',
  },
  { zone: 'platform', prefix: /^src\/platform\//, may: [], why: 'the outside world, and nothing of ours' },
  { zone: 'http', prefix: /^src\/http\//, may: [...BASE, 'views'], why: 'how any page or body is answered' },
  { zone: 'limits', prefix: /^src\/limits\//, may: BASE, why: 'counters' },
  { zone: 'audit', prefix: /^src\/audit\//, may: [...BASE, 'command'], why: 'what happened' },
  {
    zone: 'operators',
    prefix: /^src\/operators\//,
    may: [...BASE, 'audit', 'command'],
    why: 'who may act on the house; knows no act by name',
  },
  {
    zone: 'directory',
    prefix: /^src\/directory\//,
    may: [...BASE, 'views', 'http', 'registry', 'limits'],
    why: 'the public page of the registry, which does not know it',
  },
  {
    zone: 'registry',
    prefix: /^src\/registry\//,
    may: [...BASE, 'limits', 'audit', 'command', 'nomenclatures'],
    why: 'who is who; knows no means of proof',
  },
  {
    zone: 'clients',
    prefix: /^src\/clients\//,
    may: [...BASE, 'limits', 'audit', 'command'],
    why: 'the services',
  },
  {
    zone: 'messages',
    prefix: /^src\/messages\//,
    may: [...BASE, 'views', 'audit', 'command'],
    why: 'mail, SMS, push',
  },
  {
    zone: 'deliveries',
    prefix: /^src\/deliveries\//,
    may: [...BASE, 'messages', 'audit', 'command'],
    why: 'HTTP messages to services; knows not what they say',
  },
  {
    zone: 'contacts',
    prefix: /^src\/contacts\//,
    may: [...BASE, 'views', 'http', 'registry', 'messages', 'audit', 'limits', 'command'],
    why: 'changes of contact details: who is told, who may send them; the registry does not know it',
  },
  {
    zone: 'ecps',
    prefix: /^src\/ecps\//,
    may: [...BASE, ...VIEWS, 'http', 'registry', 'messages', 'audit', 'limits', 'command'],
    why: 'the phone as a means of proof',
  },
  {
    zone: 'card',
    prefix: /^src\/card\//,
    may: [...BASE, ...VIEWS, 'http', 'registry', 'audit', 'limits', 'command'],
    why: 'the card as a means of proof',
  },
  {
    zone: 'oidc',
    prefix: /^src\/oidc\//,
    may: [...BASE, 'views', 'http', 'registry', 'clients', 'deliveries', 'audit', 'limits', 'command'],
    why: 'the provider; knows neither phone nor card nor pages',
  },
  {
    zone: 'login',
    prefix: /^src\/login\//,
    may: [...BASE, ...VIEWS, 'http', 'oidc', 'ecps', 'card', 'registry', 'clients', 'audit', 'limits'],
    why: 'the sign-in pages; nobody knows them',
  },
  {
    zone: 'account',
    prefix: /^src\/account\//,
    may: [...BASE, ...VIEWS, 'http', 'oidc', 'ecps', 'card', 'registry', 'clients', 'audit', 'limits'],
    why: 'what a practitioner sees of their own',
  },
  {
    zone: 'support',
    prefix: /^src\/support\//,
    may: [
      ...BASE,
      ...VIEWS,
      ...['http', 'registry', 'messages', 'ecps', 'card', 'audit', 'limits', 'command'],
    ],
    why: 'what the help desk sees and does; nobody knows it',
  },
  {
    zone: 'phone-server',
    prefix: /^src\/phone\/(server|build)\.ts$/,
    may: [...BASE, 'views', 'http'],
    why: 'serves the app; the app does not know it',
  },
  { zone: 'phone', prefix: /^src\/phone\//, may: ['ecps-protocol', 'views'], why: 'browser code' },
  { zone: 'sandbox', prefix: /^src\/sandbox\//, may: 'anything', why: 'a whole world in one process' },
  {
    zone: 'views',
    prefix: /^views\//,
    may: [],
    packages: /^$/,
    why: 'pure templates: typed values in, HTML out',
  },
  {
    zone: 'nomenclatures',
    prefix: /^config\/nomenclatures\//,
    may: [],
    why: 'code lists of the health sector, as data',
  },
  { zone: 'examples', prefix: /^examples\//, may: [], why: 'meant to be copied: self-contained' },
  { zone: 'test', prefix: /^(test\/|[^/]+\.ts$)/, may: 'anything', why: 'tests look at everything' },
  { zone: 'scripts', prefix: /^scripts\//, may: 'anything', why: 'tools of the repository' },
];

/** Of these zones only types may be imported, from anywhere that may not import them otherwise. */
export const TYPES_ALLOWED = { views: ['errors', 'registry', 'ecps-protocol', 'config'] };

/** Files whose imports are checked. */
export const FOLDERS = ['src', 'views', 'examples', 'scripts', 'test'];
