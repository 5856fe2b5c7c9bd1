import { readFile } from 'node:fs/promises';
import { fixture } from '../functions/run-cli.ts';

/** A form as OpenAI's SDKs send it. @param fields several of one name in the order given */
export async function recordingForm(
  recording: string,
  fields: readonly (readonly [string, string])[] = [],
): Promise<FormData> {
  const form = new FormData();
  form.append('file', new Blob([await readFile(fixture(recording))]), recording);
  form.append('model', 'whisper-1');
  for (const [name, value] of fields) form.append(name, value);
  return form;
}
