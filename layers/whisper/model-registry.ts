import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { readManifest } from './load-model.ts';
import type { Manifest } from './manifest.ts';

/** A model that was found; `problem` says why its manifest cannot be read. */
export type ListedModel =
  | { readonly folder: string; readonly manifest: Manifest }
  | { readonly folder: string; readonly problem: string };

/** Where models lie: $MURMURATION_MODELS (folders, divided as in PATH), then the ones that come with the kit. */
export function modelFolders(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
  const own = environment['MURMURATION_MODELS'] ?? '';
  const separator = process.platform === 'win32' ? ';' : ':';
  const kit = fileURLToPath(new URL('../../models/artifacts', import.meta.url));
  return [...own.split(separator).filter((folder) => folder !== ''), kit].map((folder) => resolve(folder));
}

/** All models in `folders`, by name; of two with one name the first is taken. Folders that do not exist hold none. */
export async function listModels(folders: readonly string[] = modelFolders()): Promise<ListedModel[]> {
  const found = new Map<string, ListedModel>();
  for (const parent of folders) {
    const names = await readdir(parent).catch(() => []);
    for (const name of names.sort()) {
      const folder = join(parent, name);
      if (found.has(name) || !(await exists(join(folder, 'manifest.json')))) continue;
      found.set(name, await describe(folder));
    }
  }
  return [...found.values()];
}

/** The folder of a model, by its name or by its path. Throws `model-not-found` with the names there are. */
export async function findModel(
  nameOrPath: string,
  folders: readonly string[] = modelFolders(),
): Promise<string> {
  const isPlainName = /^[\w.-]+$/.test(nameOrPath) && !/^\.+$/.test(nameOrPath);
  const candidates = [
    ...(isPlainName ? folders.map((parent) => join(parent, nameOrPath)) : []),
    resolve(nameOrPath),
  ];
  for (const folder of candidates) if (await exists(join(folder, 'manifest.json'))) return folder;
  const models = await listModels(folders);
  const names = models.map((model) => ('manifest' in model ? model.manifest.id : model.folder));
  throw new MurmurationError(
    'model-not-found',
    `no model "${nameOrPath}": ${names.length > 0 ? `choose one of ${names.join(', ')}, or` : 'none is installed;'} give the path of a folder with a manifest.json`,
    { details: { model: nameOrPath, folders } },
  );
}

async function describe(folder: string): Promise<ListedModel> {
  try {
    return { folder, manifest: await readManifest(folder) };
  } catch (error) {
    if (error instanceof MurmurationError) return { folder, problem: error.message };
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
