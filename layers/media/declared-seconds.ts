import { guessedDurationFormats } from './media-formats.ts';
import type { OpenedSource } from './opened-source.ts';
import type { ProbedMedia } from './probed-media.ts';
import { wavDeclaredSeconds } from './wav-declared-seconds.ts';

/** The length that a file itself promises for its audio; undefined where it promises none or FFmpeg guessed. */
export async function declaredSeconds(
  { bytes }: Pick<OpenedSource, 'bytes'>,
  probed: ProbedMedia,
): Promise<number | undefined> {
  const { container, containerDurationSeconds, streams, audio } = probed;
  if (audio === null || container.split(',').some((name) => guessedDurationFormats.has(name)))
    return undefined;
  if (container === 'wav') return bytes && wavDeclaredSeconds(bytes);
  // A picture may outlast the sound, so the container's length speaks for the audio only where audio is alone.
  const promised =
    audio.durationSeconds ?? (streams.length === 1 ? containerDurationSeconds : null) ?? undefined;
  if (container === 'mp3' && promised !== undefined) {
    // A Xing header counts whole samples; without one FFmpeg divides the file's size by the first frame's bit rate.
    const samples = promised * audio.sampleRateHertz;
    if (Math.abs(samples - Math.round(samples)) > 1e-3) return undefined;
  }
  return promised;
}
