import type { CommandContext } from '../../command.ts';
import { EXIT, UsageError } from '../../io.ts';
import { phoneTexts } from '../../../views/locales/phone.ts';
import { failureOf } from './failure.ts';
import { withFileLock } from './file-lock.ts';
import { parsePhoneArgs } from './options.ts';
import { openSession } from './session.ts';
import { VERBS } from './verbs.ts';

/** The verbs that may begin a file, and whose phone it will be; by card, that is told later. */
const NEW_PHONE: Readonly<Record<string, (target: string | undefined) => string | undefined>> = {
  activate: (target) => target,
  'activate-card': () => '',
};

/**
 * `caducee phone`: the sandbox's virtual phone, a client of the public protocol and of nothing else. Standard output
 * holds the result (one line of JSON with --json), standard error the rest. Exit codes: 0 done, 1 refused or failed,
 * 2 wrong usage.
 */
export const runPhoneCommand = async (
  args: string[],
  { io, portBase }: Pick<CommandContext, 'io' | 'portBase'>,
): Promise<number> => {
  const options = parsePhoneArgs(args);
  const texts = phoneTexts(io.locale);
  if (options.help || options.verb === undefined) {
    io.stdout.write(texts.help);
    return options.help ? EXIT.done : EXIT.usage;
  }
  const verb = Object.hasOwn(VERBS, options.verb) ? VERBS[options.verb] : undefined;
  if (!verb) throw new UsageError(texts.noSuchVerb(options.verb));
  if (options.state === undefined) throw new UsageError(texts.noState);
  const person = NEW_PHONE[options.verb]?.(options.target);
  try {
    const outcome = await withFileLock(options.state, async () =>
      verb(await openSession(options, io, portBase, person)),
    );
    const text = options.json ? JSON.stringify({ ok: true, ...outcome.json }) : outcome.lines.join('\n');
    io.stdout.write(`${text}\n`);
    return EXIT.done;
  } catch (error) {
    const failure = failureOf(error, io.locale);
    if (!failure) throw error;
    if (options.json) io.stdout.write(`${JSON.stringify({ ok: false, ...failure })}\n`);
    else
      io.stderr.write(
        `${failure.message}\n${[failure.code, failure.supportId].filter(Boolean).join(' · ')}\n`,
      );
    return EXIT.failed;
  }
};
