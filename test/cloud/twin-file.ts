import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { TwinState } from './twin-state.ts';

/** Where `cloud:up` says how to find its twin. */
const path = fileURLToPath(new URL('../../.cache/cloud/twin.json', import.meta.url));

export const writeTwinFile = (state: TwinState): Promise<void> =>
  writeFile(path, JSON.stringify(state, null, 2));

export const removeTwinFile = (): Promise<void> => rm(path, { force: true });

/** The twin that is up; undefined where there is none, or where what is left of one does not answer. */
export async function runningTwin(): Promise<TwinState | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state = TwinState.parse(JSON.parse(text));
  const answers = await fetch(`${state.control}/endpoint`).then(
    ({ ok }) => ok,
    () => false,
  );
  return answers ? state : undefined;
}
