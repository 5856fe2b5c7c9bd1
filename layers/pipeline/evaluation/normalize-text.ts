// Port of EnglishTextNormalizer and BasicTextNormalizer of openai/whisper, whisper/normalizers (MIT), rule by rule:
// models/evaluate.py counts with them too.
import { createRequire } from 'node:module';
import { englishNumbers } from './english-numbers.ts';

const spellings = createRequire(import.meta.url)('./english-spellings.json') as Readonly<
  Record<string, string>
>;

// Python's \b, which knows the letters of all languages
const B = String.raw`(?:(?<=[\p{L}\p{N}_])(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}_])(?=[\p{L}\p{N}_]))`;
const whole = (word: string) => new RegExp(`${B}${word}${B}`, 'gu');
const ending = (word: string) => new RegExp(`${word}${B}`, 'gu');

const fillers = whole('(?:hmm|mm|mhm|mmm|uh|um)');

/** In this order: "won't" before "n't". */
const contractions: readonly (readonly [RegExp, string])[] = [
  ...Object.entries({
    "won't": 'will not',
    "can't": 'can not',
    "let's": 'let us',
    "ain't": 'aint',
    "y'all": 'you all',
    wanna: 'want to',
    kinda: 'kind of',
    sorta: 'sort of',
    dunno: 'do not know',
    gotta: 'got to',
    gonna: 'going to',
    "i'ma": 'i am going to',
    imma: 'i am going to',
    woulda: 'would have',
    coulda: 'could have',
    shoulda: 'should have',
    cause: 'because',
    "ma'am": 'madam',
    mr: 'mister ',
    mrs: 'missus ',
    st: 'saint ',
    dr: 'doctor ',
    prof: 'professor ',
    capt: 'captain ',
    gov: 'governor ',
    ald: 'alderman ',
    gen: 'general ',
    sen: 'senator ',
    rep: 'representative ',
    pres: 'president ',
    rev: 'reverend ',
    hon: 'honorable ',
    asst: 'assistant ',
    assoc: 'associate ',
    lt: 'lieutenant ',
    col: 'colonel ',
    jr: 'junior ',
    sr: 'senior ',
    esq: 'esquire ',
  }).map(([word, meaning]) => [whole(word), meaning] as const),
  ...Object.entries({
    "'d been": ' had been',
    "'s been": ' has been',
    "'d gone": ' had gone',
    "'s gone": ' has gone',
    "'d done": ' had done',
    "'s got": ' has got',
    "n't": ' not',
    "'re": ' are',
    "'s": ' is',
    "'d": ' would',
    "'ll": ' will',
    "'t": ' not',
    "'ve": ' have',
    "'m": ' am',
  }).map(([word, meaning]) => [ending(word), meaning] as const),
];

/** Letters that NFKD does not take apart. */
const plainLetters: Readonly<Record<string, string>> = {
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  æ: 'ae',
  Æ: 'AE',
  ß: 'ss',
  ẞ: 'SS',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'th',
  ł: 'l',
  Ł: 'L',
};

/** What is compared when errors are counted: Whisper's English rules for `en`, its basic ones for every other language. */
export function normalizeText(text: string, language: string): string {
  const bare = text
    .toLowerCase()
    .replace(/[<[][^>\]]*[>\]]/g, '')
    .replace(/\(([^)]+?)\)/g, '');
  const normalized = language === 'en' ? english(bare) : basic(bare);
  return normalized.replace(/\s+/g, ' ').trim();
}

function english(bare: string): string {
  let text = bare.replace(fillers, '').replace(/\s+'/g, "'");
  for (const [pattern, meaning] of contractions) text = text.replace(pattern, meaning);
  text = text.replace(/(\p{Nd}),(\p{Nd})/gu, '$1$2').replace(/\.([^0-9]|$)/gu, ' $1');
  text = englishNumbers(withoutSymbols(text));
  text = text
    .split(/\s+/)
    .map((word) => (Object.hasOwn(spellings, word) ? spellings[word]! : word))
    .join(' ');
  return text.replace(/[.$¢€£]([^0-9])/gu, ' $1').replace(/([^0-9])%/gu, '$1 ');
}

/** Without accents and symbols, but for those that numbers may have. */
function withoutSymbols(text: string): string {
  const letters = [...text.normalize('NFKD')].map((letter) => {
    if ('.%$¢€£'.includes(letter)) return letter;
    if (Object.hasOwn(plainLetters, letter)) return plainLetters[letter];
    if (/\p{Mn}/u.test(letter)) return '';
    return /[\p{M}\p{S}\p{P}]/u.test(letter) ? ' ' : letter;
  });
  return letters.join('');
}

const basic = (bare: string) =>
  bare
    .normalize('NFKC')
    .replace(/[\p{M}\p{S}\p{P}]/gu, ' ')
    .toLowerCase();
