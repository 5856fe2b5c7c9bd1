import { type FormatName, formatNames } from '@murmuration/pipeline/formats/formats';
import type { Rung } from '@murmuration/whisper/read-ladder';
import { InvalidArgumentError } from 'commander';

/** A whole number from 1. */
export function positiveWhole(written: string): number {
  if (!/^[1-9]\d*$/.test(written) || !Number.isSafeInteger(Number(written)))
    throw new InvalidArgumentError('give a whole number from 1.');
  return Number(written);
}

/** A whole number from 0. */
export function whole(written: string): number {
  if (!/^\d+$/.test(written) || !Number.isSafeInteger(Number(written))) {
    throw new InvalidArgumentError('give a whole number from 0.');
  }
  return Number(written);
}

/** A port to listen on; 0 takes a free one. */
export function portNumber(written: string): number {
  const port = whole(written);
  if (port > 65_535) throw new InvalidArgumentError('give a whole number from 0 to 65535.');
  return port;
}

export function finiteNumber(written: string): number {
  const number = Number(written);
  if (written.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('give a number.');
  return number;
}

export function positiveNumber(written: string): number {
  const number = finiteNumber(written);
  if (number <= 0) throw new InvalidArgumentError('give a number above 0.');
  return number;
}

export function probability(written: string): number {
  const number = finiteNumber(written);
  if (number < 0 || number > 1) throw new InvalidArgumentError('give a number from 0 to 1.');
  return number;
}

/** Parts of a list with commas, without the spaces around them. */
export function list(written: string): string[] {
  const parts = written
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw new InvalidArgumentError('give one or more, with commas between them.');
  return parts;
}

/** Below it a text without fault is heard again, where no other limit is given: 8 % of the segments of clean speech (tiny.en). */
const LADDER_LIMIT = -0.5;

/** Models, each with the average log-probability below which it is asked: `turbo@-0.4`. `none` is an empty ladder. */
export function ladder(written: string): Rung[] {
  if (written.trim() === 'none') return [];
  return list(written).map((part) => {
    const [model = '', limit, ...more] = part.split('@');
    const averageLogprobBelow = limit === undefined ? LADDER_LIMIT : Number(limit);
    const isRung = model !== '' && limit !== '' && averageLogprobBelow <= 0 && more.length === 0;
    if (isRung) return { model, averageLogprobBelow };
    throw new InvalidArgumentError(
      'give models with commas between them, a limit such as @-0.5 after each, or none.',
    );
  });
}

/** Sampling temperatures from 0 to 1. */
export function temperatures(written: string): number[] {
  return list(written).map((part) => {
    const temperature = Number(part);
    if (temperature >= 0 && temperature <= 1) return temperature;
    throw new InvalidArgumentError('give numbers from 0 to 1, with commas between them.');
  });
}

/** Names of formats, each once. */
export function formatList(written: string): FormatName[] {
  const names = list(written).map((part) => {
    const name = formatNames.find((known) => known === part.toLowerCase());
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`give one of ${formatNames.join(', ')}.`);
  });
  return [...new Set(names)];
}
