/** What says how a step ended, and nothing of what people named their recordings or said in them. */
const PLAIN = ['jobId', 'state', 'code', 'part', 'index', 'lane', 'batches', 'durationSeconds'] as const;

/** Of a step's answer, what may stand in a log: names of recordings, and reasons that quote them, may not. */
export function logFacts(answer: object): Record<string, unknown> {
  const facts = Object.entries(answer).flatMap(([name, value]): [string, unknown][] => {
    if (Array.isArray(value)) return [[name, value.length]];
    return PLAIN.some((plain) => plain === name) ? [[name, value]] : [];
  });
  return Object.fromEntries(facts);
}
