import { expect } from 'vitest';

/**
 * Matches a value whose texts and tokens are equal and whose numbers differ by less than 0.005. Matrix products of
 * other shapes add in another order, so log-probabilities of a row differ in their last digits.
 */
export function withinRounding(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : expect.closeTo(value, 2);
  if (Array.isArray(value)) return value.map(withinRounding);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withinRounding(item)]));
}
