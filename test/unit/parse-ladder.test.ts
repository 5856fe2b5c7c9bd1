import { expect, it } from 'vitest';
import { ladder } from '../../functions/cli/parse-option.ts';

it('reads models and their limits', () => {
  expect(ladder('whisper-small-int8@-0.4, ./turbo')).toEqual([
    { model: 'whisper-small-int8', averageLogprobBelow: -0.4 },
    { model: './turbo', averageLogprobBelow: -0.5 },
  ]);
  expect(ladder('turbo@0')).toEqual([{ model: 'turbo', averageLogprobBelow: 0 }]);
  expect(ladder('none')).toEqual([]);
});

it.each(['', ' , ', '@-0.5', 'turbo@', 'turbo@low', 'turbo@0.5', 'turbo@-1@-2', 'turbo@NaN'])(
  'refuses "%s"',
  (written) => {
    expect(() => ladder(written)).toThrow(/^give /);
  },
);
