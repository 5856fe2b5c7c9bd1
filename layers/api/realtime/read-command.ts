import { MurmurationError } from '@murmuration/pipeline/errors';
import { LiveCommand } from '../contract/live-message.ts';

/** What a client wrote into a text frame. Throws `invalid-argument`. */
export function readCommand(text: string): LiveCommand {
  const parsed = LiveCommand.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new MurmurationError(
    'invalid-argument',
    'the only text that is understood is {"kind":"audio","audio":BASE64} and {"kind":"end"}',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
