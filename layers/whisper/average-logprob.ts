/** Sum of the log-probabilities, the end token's included, over tokens + 1, as openai/whisper's decoding.py. */
export function averageLogprob(logprobs: Iterable<number>, tokens: number): number {
  let sum = 0;
  for (const logprob of logprobs) sum += logprob;
  return sum / (tokens + 1);
}
