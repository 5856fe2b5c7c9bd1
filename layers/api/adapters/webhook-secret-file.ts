import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { whileHolding } from './hold-file.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const Secret = z.strictObject({ secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/) });

/** What signs webhooks: `whsec_` and base64, in a file for its owner alone; made where there is none. */
export async function webhookSecretFile(folder: string): Promise<string> {
  const path = join(folder, 'webhooks', 'secret.json');
  const kept = await readJsonFile(path, Secret);
  if (kept !== undefined) return kept.secret;
  // A server and a person who asks for it may come at once
  return whileHolding(path, async () => {
    const made = await readJsonFile(path, Secret);
    const secret = made?.secret ?? `whsec_${randomBytes(32).toString('base64')}`;
    if (made === undefined) await writeJsonFile(path, { secret });
    return secret;
  });
}
