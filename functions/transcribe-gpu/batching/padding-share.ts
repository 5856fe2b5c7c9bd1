/** The share of a batch that is padding, 0 to 1, where all its rows are as long as the longest. */
export function paddingShare(samples: readonly number[]): number {
  const area = samples.length * Math.max(0, ...samples);
  return area === 0 ? 0 : 1 - samples.reduce((sum, length) => sum + length, 0) / area;
}
