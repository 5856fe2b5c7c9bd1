import type { Manifest } from '@murmuration/whisper/manifest';
import {
  listModels as findModels,
  type ListedModel,
  modelFolders,
} from '@murmuration/whisper/model-registry';
import { writeNote } from './report-failure.ts';
import { table } from './table.ts';
import { writeOut } from './write-out.ts';

/** Prints every model that `--model` knows by name. */
export async function listModels(): Promise<void> {
  const models = await findModels();
  if (models.length === 0) {
    writeNote(`no model in ${modelFolders().join(' or ')}: build one with "npm run model -- build"`);
    return;
  }
  const header = ['MODEL', 'PRECISION', 'SIZE', 'LANGUAGES', 'VERIFIED', 'WORD ERROR'];
  await writeOut(table([header, ...models.map(rowOf)]));
}

function rowOf(model: ListedModel): string[] {
  if ('problem' in model) return [model.folder, model.problem];
  const { manifest } = model;
  return [
    manifest.id,
    manifest.graph.precision,
    size(manifest),
    languages(manifest),
    verified(manifest),
    errors(manifest),
  ];
}

function size({ files }: Manifest): string {
  const sizeBytes = Object.values(files).reduce((sum, file) => sum + file.sizeBytes, 0);
  return `${(sizeBytes / 1e6).toFixed(0)} MB`;
}

function languages({ languages }: Manifest): string {
  const count = Object.keys(languages).length;
  return count === 0 ? 'en' : String(count);
}

function verified({ verified }: Manifest): string {
  return verified === null ? 'no' : `${verified.clipsEqual} of ${verified.clips} clips equal`;
}

function errors({ wordErrors }: Manifest): string {
  if (wordErrors.length === 0) return 'not measured';
  return wordErrors
    .map(({ set, wordErrorPercent }) => `${wordErrorPercent.toFixed(2)} % (${set})`)
    .join(', ');
}
