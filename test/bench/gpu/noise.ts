/** Quiet noise, the same at every start; silence would never reach the graph. */
export function noise(samples: number): Float32Array {
  const pcm = new Float32Array(samples);
  let state = 1;
  for (let i = 0; i < samples; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pcm[i] = (state / 2 ** 32 - 0.5) * 0.1;
  }
  return pcm;
}
