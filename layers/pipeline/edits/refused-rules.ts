import { MurmurationError } from '../errors.ts';

/** What is thrown of rules that cannot be used. */
export function refusedRules(problem: string, cause?: unknown): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `the rules to replace by cannot be used: ${problem}; write [{"find": "jeff kennedy", "with": "J.F. Kennedy"}, …]`,
    { details: { param: 'replace' }, cause },
  );
}
