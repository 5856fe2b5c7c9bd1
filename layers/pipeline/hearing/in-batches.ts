/** Items in lists of `size`, the last one shorter. The next list is collected while the caller works on this one. */
export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  const source = items[Symbol.asyncIterator]();
  const collect = async (): Promise<T[]> => {
    const batch: T[] = [];
    while (batch.length < size) {
      const { done, value } = await source.next();
      if (done) break;
      batch.push(value);
    }
    return batch;
  };
  let next = collect();
  try {
    for (;;) {
      const batch = await next;
      if (batch.length === 0) return;
      next = collect();
      // Whoever never comes back for it must not meet its failure as an unhandled one
      next.catch(() => undefined);
      yield batch;
    }
  } finally {
    await next.catch(() => undefined);
    await source.return?.();
  }
}
