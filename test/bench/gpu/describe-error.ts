/** An error with its causes: from a machine that is gone afterwards, the words are all there is. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack, cause } = error;
  const at = stack?.split('\n').find((line) => line.includes(' at ')) ?? '';
  return `${message}${at}${cause === undefined ? '' : `; because of ${describe(cause)}`}`;
}
