/** How a decoding run that delivered audio ended. */
export interface DecodingEnd {
  readonly decodedSeconds: number;
  /** What the file promised; undefined where it promised nothing. */
  readonly declaredSeconds: number | undefined;
  /** Packets that could not be read or decoded. */
  readonly damagedPackets: number;
  /** Its last packet is not whole: what tells of a cut in a file that promises no length. */
  readonly isTorn: boolean;
  /** What ended it in the middle: a crash, a line that went dead. */
  readonly brokenBy?: unknown;
}

/** Damage that was survived, in plain words; empty for a sound file. */
export function findDamage({
  decodedSeconds,
  declaredSeconds,
  damagedPackets,
  isTorn,
  brokenBy,
}: DecodingEnd): string[] {
  const warnings: string[] = [];
  if (brokenBy !== undefined) {
    const all = declaredSeconds === undefined ? '' : ` of ${declaredSeconds.toFixed(1)} s`;
    warnings.push(`broke off after ${decodedSeconds.toFixed(1)} s${all}: ${brokenBy}`);
  } else if (declaredSeconds !== undefined && isShort(decodedSeconds, declaredSeconds)) {
    warnings.push(
      `ended early: ${decodedSeconds.toFixed(1)} s of ${declaredSeconds.toFixed(1)} s decoded; the file is cut off or damaged`,
    );
  }
  if (damagedPackets > 0) {
    const packets = damagedPackets === 1 ? '1 packet' : `${damagedPackets} packets`;
    warnings.push(`damaged: ${packets} could not be decoded, words may be missing there`);
  }
  if (isTorn && warnings.length === 0) {
    warnings.push(`ended within a packet, after ${decodedSeconds.toFixed(1)} s; the file is cut off`);
  }
  return warnings;
}

/** 1 %, but at most 0.5 s, and at least 0.12 s: codec delay and padding make up to 5 mp3 frames of difference. */
function isShort(decodedSeconds: number, declaredSeconds: number): boolean {
  return declaredSeconds - decodedSeconds > Math.min(0.5, Math.max(0.12, declaredSeconds * 0.01));
}

/** Whether a line of FFmpeg's log (versions 4 to 8) tells of a packet that was lost. */
export function tellsOfDamage(line: string): boolean {
  return /error (while decoding|submitting packet to decoder|during demuxing)|CRC mismatch|file ended prematurely/i.test(
    line,
  );
}
