import { dirname, join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { readManifest } from './load-model.ts';
import type { Manifest } from './manifest.ts';
import { findModel, modelFolders } from './model-registry.ts';

/** As a manifest has it; `model` may also be a folder. */
export type Rung = NonNullable<Manifest['ladder']>[number];

/** A model of a ladder that was found and fits the first one. */
export interface LadderModel extends Pick<Rung, 'averageLogprobBelow'> {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Finds the models of a ladder: in `ladder/` inside the first model's folder, beside it, or where models lie. Throws
 * `model-not-found`, `model-corrupt`, and `invalid-argument` where a model cannot stand in for the first.
 */
export async function readLadder(
  ladder: readonly Rung[],
  first: Manifest,
  firstFolder: string,
): Promise<LadderModel[]> {
  const places = [join(firstFolder, 'ladder'), dirname(firstFolder), ...modelFolders()];
  const models: LadderModel[] = [];
  for (const { model, averageLogprobBelow } of ladder) {
    const folder = await findModel(model, places).catch((cause: unknown) => {
      throw new MurmurationError(
        'model-not-found',
        `the ladder of ${first.id} names "${model}", which is not there: build it, copy it beside the first, or switch the ladder off (--ladder none)`,
        { details: { model, places }, cause },
      );
    });
    const manifest = await readManifest(folder);
    const problem = misfit(first, manifest, models);
    if (problem !== undefined) {
      throw new MurmurationError(
        'invalid-argument',
        `the ladder of ${first.id} names ${manifest.id}, ${problem}: name another model, or switch the ladder off (--ladder none)`,
        { details: { model } },
      );
    }
    models.push({ averageLogprobBelow, folder, manifest });
  }
  return models;
}

function misfit(first: Manifest, model: Manifest, before: readonly LadderModel[]): string | undefined {
  const { id, graph, languages, alignmentHeads } = model;
  if (id === first.id || before.some(({ manifest }) => manifest.id === id))
    return 'which stands below already';
  if (graph.target !== first.graph.target)
    return `which is built for ${graph.target} and not for ${first.graph.target}`;
  if (first.alignmentHeads.length > 0 && alignmentHeads.length === 0) return 'which cannot time words';
  const known = Object.keys(languages);
  const spoken = Object.keys(first.languages);
  // An English-only model lists none
  const missing = known.length === 0 ? spoken : spoken.filter((code) => !known.includes(code));
  if (missing.length > 0) return `which does not know ${missing.slice(0, 5).join(', ')}`;
  return undefined;
}
