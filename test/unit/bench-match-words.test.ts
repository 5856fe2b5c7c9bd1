import { expect, it } from 'vitest';
import { matchWords } from '../bench/match-words.ts';

const words = (text: string, first = 0) =>
  text.split(' ').map((word, index) => ({ text: word, startSeconds: first + index }));

it('matches what was said with what was heard, whatever case, punctuation and times', () => {
  const matched = matchWords(words('ask not what you can'), words('Ask, now what what you CAN do.', 100));
  expect([...matched].map(([index, word]) => [index, word.text])).toEqual([
    [0, 'Ask,'],
    [2, 'what'],
    [3, 'you'],
    [4, 'CAN'],
  ]);
});

it('matches nothing where nothing is alike or nothing was heard', () => {
  expect(matchWords(words('a b'), words('c d')).size).toBe(0);
  expect(matchWords(words('a b'), []).size).toBe(0);
});
