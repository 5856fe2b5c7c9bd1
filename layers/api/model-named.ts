import { MurmurationError } from '@murmuration/pipeline/errors';

/** What unmodified clients of OpenAI and Deepgram ask for. */
const aliases =
  /^(whisper-1|gpt-4o(-mini)?-transcribe(-\d{4}-\d\d-\d\d)?|nova(-.+)?|base|enhanced|whisper(-(tiny|base|small|medium|large))?)$/;

/** The model that a client means. Throws `model-not-found`. */
export function modelNamed(written: string, models: readonly string[]): string {
  if (models.includes(written)) return written;
  const [first] = models;
  if (first !== undefined && aliases.test(written)) return first;
  throw new MurmurationError(
    'model-not-found',
    `the model "${written.slice(0, 100)}" is not served here: use ${models.join(' or ')}, or whisper-1`,
    { details: { param: 'model' } },
  );
}
