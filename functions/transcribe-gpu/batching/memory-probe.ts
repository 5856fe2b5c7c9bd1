/** Sees a device's memory. */
export interface MemoryProbe {
  /** Undefined where it cannot be told just now. */
  freeBytes(): Promise<number | undefined>;
}
