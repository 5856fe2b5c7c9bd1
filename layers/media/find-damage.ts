import { guessedDurationFormats } from './media-formats.ts';
import type { ProbedMedia } from './probed-media.ts';

/** How a decoding run that delivered audio ended. */
export interface DecodingEnd {
  readonly decodedSeconds: number;
  /** Packets that could not be read or decoded. */
  readonly damagedPackets: number;
}

/** Damage that was survived, in plain words; empty for a sound file. */
export function findDamage(probed: ProbedMedia, { decodedSeconds, damagedPackets }: DecodingEnd): string[] {
  const warnings: string[] = [];
  const declaredSeconds = declaredAudioSeconds(probed);
  if (
    declaredSeconds !== undefined &&
    declaredSeconds - decodedSeconds > toleratedShortfall(declaredSeconds)
  ) {
    warnings.push(
      `ended early: ${decodedSeconds.toFixed(1)} s of ${declaredSeconds.toFixed(1)} s decoded; the file is cut off or damaged`,
    );
  }
  if (damagedPackets > 0) {
    const packets = damagedPackets === 1 ? '1 packet' : `${damagedPackets} packets`;
    warnings.push(`damaged: ${packets} could not be decoded, words may be missing there`);
  }
  return warnings;
}

/** 1 %, but at most 0.5 s, and at least 0.12 s: codec delay and padding make up to 5 mp3 frames of difference. */
function toleratedShortfall(declaredSeconds: number): number {
  return Math.min(0.5, Math.max(0.12, declaredSeconds * 0.01));
}

/** The length that the file itself promises for its audio; undefined where that would be a guess. */
function declaredAudioSeconds({
  container,
  containerDurationSeconds,
  streams,
  audio,
}: ProbedMedia): number | undefined {
  if (audio === null || container.split(',').some((name) => guessedDurationFormats.has(name)))
    return undefined;
  if (container === 'mp3') {
    // With a Xing header the length is a whole number of frames; without, FFmpeg guesses from the bit rate.
    const halfFrames = ((audio.durationSeconds ?? 0) * audio.sampleRateHertz) / 576;
    return Math.abs(halfFrames - Math.round(halfFrames)) < 1e-3
      ? (audio.durationSeconds ?? undefined)
      : undefined;
  }
  // A picture may outlast the sound, so the container's length speaks for the audio only where audio is alone.
  return (
    audio.durationSeconds ?? (streams.length === 1 ? (containerDurationSeconds ?? undefined) : undefined)
  );
}
