import type { Engine } from '@murmuration/pipeline/ports';
import { cascade } from './cascade.ts';
import { closingEngine } from './closing-engine.ts';
import { lazyEngine } from './lazy-engine.ts';
import { readManifest } from './load-model.ts';
import { createModelEngine, type EnginePorts, type ModelEngineOptions } from './model-engine.ts';
import { type LadderModel, type Rung, readLadder } from './read-ladder.ts';

export interface EngineOptions extends ModelEngineOptions {
  /** Models for what the first is not sure of, each tried after the one before; empty for none. @default the manifest's */
  readonly ladder?: readonly Rung[] | undefined;
  /** A model of the ladder that was not needed for so long is let go. @default 60 */
  readonly ladderIdleSeconds?: number | undefined;
}

/**
 * Loads a model and makes the engine that runs it, alone or with a ladder of better ones, which are loaded when they are
 * needed; `close()` it to free its memory.
 * Throws `model-not-found`, `model-corrupt`, `invalid-argument` or `out-of-memory`.
 */
export async function createEngine(options: EngineOptions, ports?: EnginePorts): Promise<Engine> {
  const { modelFolder, ladder, ladderIdleSeconds = 60, ...settings } = options;
  const manifest = await readManifest(modelFolder);
  const models = await readLadder(ladder ?? manifest.ladder ?? [], manifest, modelFolder);
  const first = await createModelEngine({ ...settings, modelFolder }, ports);
  if (models.length === 0) return first;
  const open = ({ folder }: LadderModel) =>
    // Few segments come here: more sessions than one would only take memory
    createModelEngine({ ...settings, modelFolder: folder, sessions: 1 }, ports);
  const rungs = models.map((model) => ({
    engine: lazyEngine(factsOf(model), () => open(model), ladderIdleSeconds * 1000),
    averageLogprobBelow: model.averageLogprobBelow,
  }));
  // What an English-only model heard is English; a multilingual one would guess
  const rungLanguage = Object.keys(manifest.languages).length === 0 ? 'en' : undefined;
  return closingEngine(cascade(first, rungs, rungLanguage));
}

function factsOf({ manifest }: LadderModel): Pick<Engine, 'modelId' | 'modelSha256' | 'timesWords'> {
  return {
    modelId: manifest.id,
    modelSha256: manifest.files[manifest.graph.file]?.sha256 ?? '',
    timesWords: manifest.alignmentHeads.length > 0,
  };
}
