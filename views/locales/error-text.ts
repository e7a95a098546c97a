/** What an error page may say beyond its fixed words; already written for people. */
export interface ErrorFacts {
  /** "2 min 30 s" */
  retryAfter?: string | undefined;
  triesLeft?: number | undefined;
  /** "mardi 12 janvier à 9 h 05" */
  availableAt?: string | undefined;
  ordreUrl: string;
  /** Name of the service that asked, when it is known. */
  service?: string | undefined;
}

type Sentence = string | ((facts: ErrorFacts) => string);

/** A refusal in words: what happened, why, what to do now. */
export interface ErrorText {
  title: string;
  text: Sentence;
  action: Sentence;
}

/** Links that lead on from an error. */
export type Way = 'restart' | 'activate' | 'directory' | 'ordre' | 'test' | 'diagnostic' | 'help' | 'account';
