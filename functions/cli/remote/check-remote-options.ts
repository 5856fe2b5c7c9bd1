import { MurmurationError } from '@murmuration/pipeline/errors';
import type { TranscribeOptions } from '../transcribe-options.ts';

/** Throws `invalid-argument` where an option would silently do nothing, for the server knows no such thing. */
export function checkRemoteOptions(options: TranscribeOptions): void {
  const { temperatures, seed, compressionRatioThreshold, logprobThreshold, noSpeechThreshold } = options;
  const { shortContext, ladder, provider, threads, batchSize, report } = options;
  const given = Object.entries({
    '--temperatures': temperatures,
    '--seed': seed,
    '--compression-ratio-threshold': compressionRatioThreshold,
    '--logprob-threshold': logprobThreshold,
    '--no-speech-threshold': noSpeechThreshold,
    '--no-short-context': shortContext ? undefined : true,
    '--ladder': ladder,
    '--provider': provider,
    '--threads': threads,
    '--batch-size': batchSize,
    '--report': report,
  }).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new MurmurationError(
    'invalid-argument',
    `${given[0]} is for this machine: leave it out with --remote`,
  );
}
