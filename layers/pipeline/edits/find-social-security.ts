import type { FoundSpan } from './found-span.ts';

// 3-2-4 digits; without any grouping only where the words before say what it is.
const grouped = /(?<!\d[-\s,.]{0,2})(\d{3})[-\s,.–]{1,2}(\d{2})[-\s,.–]{1,2}(\d{4})(?![-–]?\d)/g;
const named =
  /\b(?:social\s+security(?:\s+number)?|ssn)\b[^\d\n]{0,20}(\d(?:[-\s,.–]{0,2}\d){8})(?![-\s,.–]{0,2}\d)/gi;

/** United States social security numbers, of areas and groups that are given out (ssa.gov: no 000, 666, 9xx). */
export function findSocialSecurity(text: string): FoundSpan[] {
  const found: FoundSpan[] = [];
  for (const { index, 0: match, 1: area, 2: group, 3: serial } of text.matchAll(grouped)) {
    if (/^(000|666|9)/.test(area!) || group === '00' || serial === '0000') continue;
    found.push({ start: index, end: index + match.length });
  }
  for (const { index, 0: match, 1: number } of text.matchAll(named)) {
    found.push({ start: index + match.length - number!.length, end: index + match.length });
  }
  return found;
}
