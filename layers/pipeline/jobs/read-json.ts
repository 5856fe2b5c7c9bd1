import type { z } from 'zod';
import { MurmurationError } from '../errors.ts';
import { isKey } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';

/** An object that we wrote as JSON; undefined where there is none. Throws `internal` where it is not what we write. */
export async function readJson<Schema extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const bytes = await store.read(key);
  if (bytes === undefined) return undefined;
  const found = parseJson(bytes);
  const parsed = schema.safeParse(found);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MurmurationError(
    'internal',
    `"${key}" is not what belongs there (${issue?.path.join('.') || 'it'}: ${issue?.message}): transcribe the recording again`,
    { details: { key }, cause: parsed.error },
  );
}

/** As `readJson`, of what may be damaged, of another version of the kit, or where no object can be: undefined then, too. */
export async function readableJson<Schema extends z.ZodType>(
  store: Pick<ObjectStore, 'read'>,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const bytes = isKey(key) ? await store.read(key) : undefined;
  return bytes && schema.safeParse(parseJson(bytes)).data;
}

/** As `readJson`, of what must be there: `internal` where it is not. */
export async function needJson<Schema extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const found = await readJson(store, key, schema);
  if (found !== undefined) return found;
  throw new MurmurationError(
    'internal',
    `"${key}" is gone: it was deleted, or expired, while its job ran. upload the recording again`,
    { details: { key } },
  );
}

/** Undefined where it is no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
