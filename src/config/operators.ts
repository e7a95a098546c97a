import { oneOf, setting, text } from './schemas.ts';

/** Who may act on the house, and who is at the keyboard (docs/operators.md). */
export const OPERATOR_SETTINGS = {
  operators: setting(oneOf(['named', 'anyone']), {
    env: 'CADUCEE_OPERATORS',
    optional: true,
    doc: '`named` (in production unless told otherwise): what an operator does is signed with a registered key, and what opens something is confirmed by a second one (docs/operators.md). `anyone` (in the sandbox): whoever holds this configuration.',
  }),
  operator: setting(text, {
    env: 'CADUCEE_OPERATOR',
    optional: true,
    doc: 'On an operator’s own machine: their name, for commands without `--operator`.',
  }),
  operatorKey: setting(text, {
    env: 'CADUCEE_OPERATOR_KEY',
    optional: true,
    doc: 'On an operator’s own machine: the file of their private key, for commands without `--operator-key`.',
  }),
  operatorPassphrase: setting(text, {
    env: 'CADUCEE_OPERATOR_PASSPHRASE',
    optional: true,
    secret: true,
    doc: 'The passphrase of that key, where nobody is there to type it.',
  }),
} as const;
