/** How this phone is named in mails and on its owner's other phones; what the browser says, nothing guessed further. */

interface UserAgentData {
  readonly platform: string;
  getHighEntropyValues(
    hints: readonly string[],
  ): Promise<{ readonly model?: string; readonly platformVersion?: string }>;
}

export interface DeviceLabels {
  readonly name: string;
  readonly model: string;
  readonly os: string;
}

const SYSTEMS: readonly [RegExp, string, string][] = [
  [/iPad/, 'iPad', 'iPadOS'],
  [/iPhone/, 'iPhone', 'iOS'],
  [/Android/, 'Android', 'Android'],
  [/Windows/, 'PC', 'Windows'],
  [/Macintosh/, 'Mac', 'macOS'],
  [/CrOS/, 'Chromebook', 'ChromeOS'],
  [/Linux/, 'PC', 'Linux'],
];

const VERSION = /(?:Android|OS|Mac OS X) (\d+(?:[._]\d+)?)/;

/** From a `User-Agent` alone. */
export const labelsOf = (userAgent: string): DeviceLabels => {
  const [, model, os] = SYSTEMS.find(([pattern]) => pattern.test(userAgent)) ?? [/./, 'Web', 'Web'];
  const version = os === 'Windows' ? undefined : VERSION.exec(userAgent)?.[1]?.replace('_', '.');
  return { name: model, model, os: version === undefined ? os : `${os} ${version}` };
};

const shown = (text: string): string =>
  text
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 60);

/** From what the browser tells: the model where it does (Chromium on Android), else the kind of phone. */
export const deviceLabels = async (): Promise<DeviceLabels> => {
  const guess = labelsOf(navigator.userAgent);
  const data = (navigator as { userAgentData?: UserAgentData }).userAgentData;
  if (!data) return guess;
  try {
    const { model, platformVersion } = await data.getHighEntropyValues(['model', 'platformVersion']);
    const name = shown(model ?? '') || guess.name;
    const os = shown(`${data.platform} ${platformVersion?.split('.')[0] ?? ''}`) || guess.os;
    return { name, model: name, os };
  } catch {
    return guess;
  }
};
