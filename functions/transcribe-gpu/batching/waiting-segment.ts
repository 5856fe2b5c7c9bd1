/** What choosing a batch needs to know of a segment that waits. */
export interface WaitingSegment {
  /** Who is served in turn: one job, or one request. */
  readonly tenant: string;
  /** Only segments of one group share a batch: they are decoded in one way and computed in one window. */
  readonly group: string;
  readonly samples: number;
  /** Milliseconds of the epoch. */
  readonly arrivedAt: number;
}
