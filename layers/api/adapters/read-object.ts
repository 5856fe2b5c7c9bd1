import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { z } from 'zod';

/** What the pipeline wrote; undefined where there is none, or it is none of this version's. */
export async function readObject<Schema extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const bytes = await store.read(key);
  if (bytes === undefined) return undefined;
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  return parsed.success ? parsed.data : undefined;
}
