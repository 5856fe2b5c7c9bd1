// Port of EnglishNumberNormalizer of openai/whisper, whisper/normalizers/english.py (MIT), branch by branch, so that
// both count the same errors. Whole numbers are bigint, as Python's: a decillion fits no double.

const ones = new Map(
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
    .split(' ')
    .map((name, index) => [name, BigInt(index + 1)] as const),
);
const tens = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((name, index) => [name, BigInt((index + 2) * 10)] as const),
);
const multipliers = new Map<string, bigint>([
  ['hundred', 100n] as const,
  ...'thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion'
    .split(' ')
    .map((name, index) => [name, 1000n ** BigInt(index + 1)] as const),
]);

/** The number, and how it is written on: 2 and "nd". */
type Suffix = readonly [bigint, string];
const onesSuffixed = new Map<string, Suffix>([
  ...[...ones].map(
    ([name, value]) => [name === 'six' ? 'sixes' : `${name}s`, [value, 's']] as [string, Suffix],
  ),
  ['zeroth', [0n, 'th']],
  ['first', [1n, 'st']],
  ['second', [2n, 'nd']],
  ['third', [3n, 'rd']],
  ['fifth', [5n, 'th']],
  ['twelfth', [12n, 'th']],
  ...[...ones]
    .filter(([, value]) => value > 3n && value !== 5n && value !== 12n)
    .map(([name, value]) => [name + (name.endsWith('t') ? 'h' : 'th'), [value, 'th']] as [string, Suffix]),
]);
const tensSuffixed = new Map<string, Suffix>(
  [...tens].flatMap(([name, value]) => [
    [name.replace('y', 'ies'), [value, 's']] as [string, Suffix],
    [name.replace('y', 'ieth'), [value, 'th']] as [string, Suffix],
  ]),
);
const multipliersSuffixed = new Map<string, Suffix>(
  [...multipliers].flatMap(([name, value]) => [
    [`${name}s`, [value, 's']] as [string, Suffix],
    [`${name}th`, [value, 'th']] as [string, Suffix],
  ]),
);

const zeros = new Set(['o', 'oh', 'zero']);
const precedingPrefixers = new Map([
  ['minus', '-'],
  ['negative', '-'],
  ['plus', '+'],
  ['positive', '+'],
]);
const followingPrefixers = new Map([
  ['pound', '£'],
  ['pounds', '£'],
  ['euro', '€'],
  ['euros', '€'],
  ['dollar', '$'],
  ['dollars', '$'],
  ['cent', '¢'],
  ['cents', '¢'],
]);
const suffixers = new Set(['per', 'percent']);
const specials = new Set(['and', 'double', 'triple', 'point']);
const prefixes = new Set(['-', '+', '£', '€', '$', '¢']);
const decimals = new Set([...ones.keys(), ...tens.keys(), ...zeros]);
const numberWords = new Set(
  [
    zeros,
    ones,
    onesSuffixed,
    tens,
    tensSuffixed,
    multipliers,
    multipliersSuffixed,
    precedingPrefixers,
    followingPrefixers,
    suffixers,
    specials,
  ].flatMap((known) => [...known.keys()]),
);

const isNumeric = (word: string | undefined) => word !== undefined && /^\d+(\.\d+)?$/.test(word);
const has = (known: { has(word: string): boolean }, word: string | undefined) =>
  word !== undefined && known.has(word);

/** Spelled-out numbers as digits: "twenty-five dollars" is "$25", "one oh one" is "101". Takes lower case. */
export function englishNumbers(text: string): string {
  return afterwards([...numbersOf(beforehand(text).split(/\s+/).filter(Boolean))].join(' '));
}

function* numbersOf(words: readonly string[]): Generator<string> {
  let prefix: string | undefined;
  // A whole number that words may still add to; a string where they can only be written behind it
  let value: bigint | string | undefined;
  const output = (result: bigint | string): string => {
    const written = `${prefix ?? ''}${result}`;
    value = undefined;
    prefix = undefined;
    return written;
  };
  /** The value before, as digits; Python's `value or ""`. */
  const before = () => (value === undefined || value === 0n ? '' : String(value));
  /** `number` behind the value, or added where the value ends in as many zeros. */
  const joined = (number: bigint, room: bigint): bigint | string => {
    if (value === undefined) return number;
    if (typeof value === 'bigint' && value % room === 0n) return value + number;
    return `${value}${number}`;
  };
  const joinedOnes = (number: bigint, previous: string | undefined): bigint | string => {
    if (value !== undefined && (typeof value === 'string' || has(ones, previous))) {
      const text = String(value);
      return has(tens, previous) && number < 10n ? `${text.slice(0, -1)}${number}` : `${text}${number}`;
    }
    return joined(number, number < 10n ? 10n : 100n);
  };

  for (let index = 0; index < words.length; index++) {
    const [previous, current, next] = [words[index - 1], words[index]!, words[index + 1]];
    const signed = prefixes.has(current[0]!);
    const bare = signed ? current.slice(1) : current;
    if (isNumeric(bare)) {
      if (typeof value === 'string' && value.endsWith('.')) {
        // Decimals, or parts of an IP address
        value += current;
        continue;
      }
      if (value !== undefined) yield output(value);
      if (signed) prefix = current[0]!;
      value = /^\d+(\.0+)?$/.test(bare) ? BigInt(bare.split('.')[0]!) : bare;
    } else if (!numberWords.has(current)) {
      if (value !== undefined) yield output(value);
      yield output(current);
    } else if (zeros.has(current)) {
      value = `${before()}0`;
    } else if (ones.has(current)) {
      value = joinedOnes(ones.get(current)!, previous);
    } else if (onesSuffixed.has(current)) {
      const [number, suffix] = onesSuffixed.get(current)!;
      yield output(joinedOnes(number, previous) + suffix);
    } else if (tens.has(current)) {
      value = joined(tens.get(current)!, 100n);
    } else if (tensSuffixed.has(current)) {
      const [number, suffix] = tensSuffixed.get(current)!;
      yield output(joined(number, 100n) + suffix);
    } else if (multipliers.has(current)) {
      const multiplier = multipliers.get(current)!;
      const product = value === undefined ? multiplier : times(value, multiplier);
      if (product === undefined) yield output(value!);
      value = product ?? multiplier;
    } else if (multipliersSuffixed.has(current)) {
      const [multiplier, suffix] = multipliersSuffixed.get(current)!;
      const product = value === undefined ? multiplier : times(value, multiplier);
      if (product === undefined) yield output(value!);
      yield output((product ?? multiplier) + suffix);
    } else if (precedingPrefixers.has(current)) {
      if (value !== undefined) yield output(value);
      if (has(numberWords, next) || isNumeric(next)) prefix = precedingPrefixers.get(current)!;
      else yield output(current);
    } else if (followingPrefixers.has(current)) {
      if (value === undefined) yield output(current);
      else {
        prefix = followingPrefixers.get(current)!;
        yield output(value);
      }
    } else if (suffixers.has(current)) {
      if (value === undefined) yield output(current);
      else if (current === 'percent') yield output(`${value}%`);
      else if (next === 'cent') {
        yield output(`${value}%`);
        index++;
      } else {
        yield output(value);
        yield output(current);
      }
    } else if (!has(numberWords, next) && !isNumeric(next)) {
      // "and", "double", "triple" and "point" mean something only before a number
      if (value !== undefined) yield output(value);
      yield output(current);
    } else if (current === 'and') {
      // "two hundred and five"
      if (has(multipliers, previous)) continue;
      if (value !== undefined) yield output(value);
      yield output(current);
    } else if (current === 'point') {
      if (has(decimals, next) || isNumeric(next)) value = `${before()}.`;
    } else if (has(ones, next) || has(zeros, next)) {
      value = before() + String(ones.get(next!) ?? 0n).repeat(current === 'double' ? 2 : 3);
      index++;
    } else {
      if (value !== undefined) yield output(value);
      yield output(current);
    }
  }
  if (value !== undefined) yield output(value);
}

/** "1.5 million" is whole; undefined where the product is not, or the value is no number. */
function times(value: bigint | string, multiplier: bigint): bigint | undefined {
  if (typeof value === 'bigint') {
    return value === 0n ? 0n : (value / 1000n) * 1000n + (value % 1000n) * multiplier;
  }
  const parts = /^(?=\d|\.\d)(\d*)(?:\.(\d*))?$/.exec(value);
  if (parts === null) return undefined;
  const fraction = parts[2] ?? '';
  const product = BigInt(`${parts[1]}${fraction}` || '0') * multiplier;
  const scale = 10n ** BigInt(fraction.length);
  return product % scale === 0n ? product / scale : undefined;
}

function beforehand(text: string): string {
  const parts = text.split(/\band\s+a\s+half\b/);
  const results = parts.flatMap((part, index) => {
    if (part.trim() === '') return [];
    if (index === parts.length - 1) return [part];
    const lastWord = part.trim().split(/\s+/).at(-1)!;
    return [part, decimals.has(lastWord) || multipliers.has(lastWord) ? 'point five' : 'and a half'];
  });
  return results
    .join(' ')
    .replace(/([a-z])([0-9])/g, '$1 $2')
    .replace(/([0-9])([a-z])/g, '$1 $2')
    .replace(/([0-9])\s+(st|nd|rd|th|s)\b/g, '$1$2');
}

function afterwards(text: string): string {
  return text
    .replace(
      /([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b/g,
      (_, currency, whole, cents) => `${currency}${whole}.${cents.padStart(2, '0')}`,
    )
    .replace(/[€£$]0.([0-9]{1,2})\b/g, (_, cents) => `¢${Number(cents)}`)
    .replace(/\b1(s?)\b/g, 'one$1');
}
