/** Who had how much, so that no tenant waits behind the backlog of another (start-time fair queueing). */
export interface FairShare {
  /** Segments that a tenant had, on a scale that all share. */
  served(tenant: string): number;
  /** A tenant that had nothing to do begins where the others are: idle time is not saved up. */
  join(tenant: string): void;
  charge(tenant: string, segments: number): void;
  /** Forgets tenants that are neither waiting nor ahead. */
  forget(isWaiting: (tenant: string) => boolean): void;
}

export function createFairShare(): FairShare {
  const shares = new Map<string, number>();
  /** What those had who were last in need. */
  let level = 0;
  return {
    served: (tenant) => shares.get(tenant) ?? level,
    join(tenant) {
      shares.set(tenant, Math.max(shares.get(tenant) ?? 0, level));
    },
    charge(tenant, segments) {
      shares.set(tenant, (shares.get(tenant) ?? level) + segments);
    },
    forget(isWaiting) {
      const waiting = [...shares].filter(([tenant]) => isWaiting(tenant)).map(([, served]) => served);
      level =
        waiting.length === 0 ? Math.max(level, ...shares.values()) : Math.max(level, Math.min(...waiting));
      for (const [tenant, served] of shares) {
        if (!isWaiting(tenant) && served <= level) shares.delete(tenant);
      }
    },
  };
}
