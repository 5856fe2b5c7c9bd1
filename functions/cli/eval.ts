import { errorPolicy } from '@murmuration/pipeline/errors';
import {
  type EvaluatedRecording,
  evaluateRecording,
  summarize,
} from '@murmuration/pipeline/evaluation/evaluation';
import type { Reference } from '@murmuration/pipeline/evaluation/reference';
import { rulesLanguage } from '@murmuration/pipeline/evaluation/rules-language';
import { type ArrivedBatch, timeBatches } from '@murmuration/pipeline/evaluation/time-batches';
import { transcribeRecording } from '@murmuration/pipeline/steps/transcribe-recording';
import { readManifest } from '@murmuration/whisper/load-model';
import { findModel } from '@murmuration/whisper/model-registry';
import { readLadder } from '@murmuration/whisper/read-ladder';
import { evaluationPlot } from './eval/evaluation-plot.ts';
import { evaluationTable } from './eval/evaluation-table.ts';
import { readReferences } from './eval/read-references.ts';
import { refuseLearnt } from './eval/refuse-learnt.ts';
import { interruptSignal } from './interrupt-signal.ts';
import { type LaptopOptions, openLaptop } from './laptop.ts';
import { openProgress } from './progress.ts';
import { refuseOverwriting } from './refuse-overwriting.ts';
import { reportFailure, writeNote } from './report-failure.ts';
import { writeAtomically } from './write-atomically.ts';
import { writeOut } from './write-out.ts';

export interface EvalOptions extends LaptopOptions {
  /** File for the figures. */
  readonly json?: string;
  /** File for an SVG. */
  readonly plot?: string;
  readonly shortContext?: boolean;
  readonly quiet?: boolean;
}

/**
 * Transcribes every recording of a manifest and prints its word and character error, its speed and how it was
 * decoded. A recording that fails is reported and the others are done. Answers the exit code.
 */
export async function evaluate(manifest: string, options: EvalOptions): Promise<number> {
  const { references, unscored } = await readReferences(manifest);
  const written = [
    [options.json, 'the figures'],
    [options.plot, 'the plot'],
  ].filter((output): output is [string, string] => output[0] !== undefined);
  await refuseOverwriting([manifest, ...references.map((reference) => reference.path)], new Map(written));
  for (const folder of await modelFolders(options)) await refuseLearnt(references, folder);
  const signal = interruptSignal();
  const laptop = await openLaptop(options);
  const decoding = { language: laptop.language, shortContext: options.shortContext ?? true };
  const recordings: EvaluatedRecording[] = [];
  const failed: string[] = [];
  let exitCode = 0;
  try {
    for (const reference of references) {
      try {
        recordings.push(await evaluateOne(reference));
      } catch (error) {
        if (signal.aborted) throw error;
        failed.push(reference.file);
        exitCode ||= reportFailure(error, reference.file);
      }
    }
  } finally {
    await laptop.close();
  }
  const summary = summarize(laptop.ports.engine.modelId, recordings, failed);
  if (options.json !== undefined) {
    await writeAtomically(options.json, `${JSON.stringify({ ...summary, recordings }, null, 2)}\n`);
  }
  if (options.plot !== undefined) await writeAtomically(options.plot, evaluationPlot(recordings, summary));
  if (unscored > 0 && !options.quiet) writeNote(`${unscored} recordings without a text are not scored`);
  await writeOut(evaluationTable(recordings, summary));
  return exitCode;

  async function evaluateOne(reference: Reference): Promise<EvaluatedRecording> {
    const startedAt = performance.now();
    const progress = await openProgress(reference.file, { quiet: options.quiet ?? false, live: false });
    const batches: ArrivedBatch[] = [];
    try {
      const { batchesAtOnce } = laptop;
      const request = { source: reference.path, decoding, batchSize: options.batchSize, batchesAtOnce };
      const recording = await transcribeRecording(request, laptop.ports, {
        signal,
        onProgress(done) {
          progress.update(done);
          batches.push({ endSeconds: done.doneSeconds, atSeconds: (performance.now() - startedAt) / 1000 });
        },
      });
      for (const warning of recording.warnings) writeNote(`${reference.file}: warning: ${warning}`);
      if (recording.warnings.length > 0) exitCode ||= errorPolicy['media-truncated'].exitCode;
      const seconds = (performance.now() - startedAt) / 1000;
      const language = rulesLanguage(reference, laptop.language);
      return evaluateRecording(
        { ...reference, language },
        recording,
        seconds,
        timeBatches(batches, batchesAtOnce),
      );
    } finally {
      progress.stop();
    }
  }
}

/** Of the model and of those that its ladder names. */
async function modelFolders({ model, ladder }: EvalOptions): Promise<string[]> {
  const folder = await findModel(model);
  const manifest = await readManifest(folder);
  const above = await readLadder(ladder ?? manifest.ladder ?? [], manifest, folder);
  return [folder, ...above.map((each) => each.folder)];
}
