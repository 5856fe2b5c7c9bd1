/** So much is read for politeness' sake; who sends more is cut off. */
const MOST_BYTES = 32 << 20;
const MOST_MILLISECONDS = 2000;

/**
 * Reads what is left of a body that nobody wants: a client that is still sending when its connection closes is told of the
 * broken connection, and never sees the answer.
 */
export async function drainBody({ body, bodyUsed }: Request): Promise<void> {
  if (body === null || bodyUsed || body.locked) return;
  const reader = body.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), MOST_MILLISECONDS);
  try {
    for (let sizeBytes = 0; sizeBytes < MOST_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return;
      sizeBytes += value.byteLength;
    }
  } catch {
    // It broke off: then nobody waits for the answer
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}
