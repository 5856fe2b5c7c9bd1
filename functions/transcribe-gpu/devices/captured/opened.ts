export interface Closable {
  close(): void;
}

/** What is to be closed again, the last opened first. */
export function createOpened() {
  const parts: Closable[] = [];
  return {
    keep<T extends Closable>(part: T): T {
      parts.push(part);
      return part;
    },
    close() {
      for (const part of parts.splice(0).reverse()) part.close();
    },
  };
}
