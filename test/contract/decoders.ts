import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpegDecoder } from '@murmuration/media/ffmpeg-decoder';
import { nodeAvDecoder } from '@murmuration/media/node-av-decoder';
import type { DecodedMedia, DecodeOptions, Decoder, MediaSource, Pcm } from '@murmuration/pipeline/ports';
import { afterAll, beforeAll } from 'vitest';

export const audio = join(import.meta.dirname, '../fixtures/audio');
export const jfk = join(audio, 'jfk.flac');
export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

/** Every way to decode that this machine has. */
export const adapters: { name: string; decoder: Decoder; missing: boolean }[] = [
  { name: 'nodeAvDecoder', decoder: nodeAvDecoder(), missing: false },
  { name: 'ffmpegDecoder', decoder: ffmpegDecoder(), missing: !hasFfmpeg },
];

/** A temporary folder for the file's tests, and two ways to fill it. */
export function mediaFolder() {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'murmuration-decoder-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    pathOf: (name: string) => join(folder, name),
    /** Makes a file with the ffmpeg program; `args` stand between the input and the output's name. */
    make(name: string, args: string[], input: string[] = ['-i', jfk]): string {
      const path = join(folder, name);
      if (existsSync(path)) return path;
      execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...input, ...args, path]);
      return path;
    },
    write(name: string, bytes: Uint8Array | string): string {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    },
  };
}

/** All that a decoder gives of a source, channels mixed. */
export async function decodeAll(decoder: Decoder, source: MediaSource, options?: DecodeOptions) {
  const { info, blocks, warnings } = await decoder.decode(source, undefined, options);
  const parts: Pcm[] = [];
  for await (const block of blocks) parts.push(block);
  return { pcm: joined(parts), blocks: parts.map((part) => part.length), info, warnings };
}

/** All that a decoder gives of a source, one `Pcm` per channel. */
export async function decodeAllChannels(decoder: Decoder, source: MediaSource, options?: DecodeOptions) {
  const media: DecodedMedia<readonly Pcm[]> = await decoder.decodeChannels(source, undefined, options);
  const parts: (readonly Pcm[])[] = [];
  for await (const block of media.blocks) parts.push(block);
  const channels = Array.from({ length: media.info.channels }, (_, channel) =>
    joined(parts.map((block) => block[channel]!)),
  );
  return { channels, blocks: parts, info: media.info, warnings: media.warnings };
}

function joined(parts: readonly Pcm[]): Pcm {
  const pcm = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    pcm.set(part, at);
    at += part.length;
  }
  return pcm;
}

/** Root mean square. */
export function level(pcm: Pcm, fromSeconds = 0, toSeconds = pcm.length / 16_000): number {
  const part = pcm.subarray(Math.round(fromSeconds * 16_000), Math.round(toSeconds * 16_000));
  return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
}

/** The amplitude of a sine of one frequency in what lies between 0.5 and 1.5 s. */
export function amplitudeAt(pcm: Pcm, hertz: number): number {
  let [real, imaginary] = [0, 0];
  for (let sample = 8_000; sample < 24_000; sample += 1) {
    const angle = (2 * Math.PI * hertz * sample) / 16_000;
    real += (pcm[sample] ?? 0) * Math.cos(angle);
    imaginary += (pcm[sample] ?? 0) * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / 16_000;
}

export function correlation(one: Pcm, other: Pcm): number {
  let [dot, oneEnergy, otherEnergy] = [0, 0, 0];
  for (let sample = 0; sample < Math.min(one.length, other.length); sample += 1) {
    dot += one[sample]! * other[sample]!;
    oneEnergy += one[sample]! ** 2;
    otherEnergy += other[sample]! ** 2;
  }
  return dot / Math.sqrt(oneEnergy * otherEnergy);
}
