import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
import { MurmurationError } from '../errors.ts';

/** A SecureString of Systems Manager, kept for 5 minutes so that a new one is soon taken. Throws `invalid-argument` where it is not there. */
export async function readSecureParameter(name: string): Promise<string> {
  const found = await getParameter(name, { decrypt: true, maxAge: 300 });
  if (found !== undefined && found !== '') return found;
  throw new MurmurationError(
    'invalid-argument',
    `there is no parameter ${name} in Systems Manager: put a SecureString there`,
  );
}
