/** Hears of everything that batching does, for metrics and logs. */
export interface BatchingObserver {
  started(batch: {
    readonly device: string;
    readonly segments: number;
    readonly waitedMilliseconds: number;
  }): void;
  finished(batch: {
    readonly device: string;
    readonly segments: number;
    readonly milliseconds: number;
    readonly audioSeconds: number;
    /** 0 to 1. */
    readonly padding: number;
    /** Segments that another model of the ladder wrote. */
    readonly escalated: number;
  }): void;
  outOfMemory(batch: { readonly device: string; readonly segments: number; readonly givenUp: boolean }): void;
  /** The device cannot be used again by this process. */
  fatal(error: unknown): void;
}
