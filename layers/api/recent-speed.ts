/** How fast recordings were heard of late. */
export interface RecentSpeed {
  /** @param seconds what it took, without waiting for its turn */
  add(run: { readonly audioSeconds: number; readonly seconds: number }): void;
  /** Seconds of audio heard in a second; undefined before the first run. */
  timesRealTime(): number | undefined;
}

const RUNS = 20;

/** Of the last runs together, so that long ones count for more: what a start costs weighs little in them. */
export function recentSpeed(): RecentSpeed {
  const runs: { readonly audioSeconds: number; readonly seconds: number }[] = [];
  return {
    add(run) {
      if (!(run.audioSeconds > 0 && run.seconds > 0)) return;
      runs.push(run);
      if (runs.length > RUNS) runs.shift();
    },
    timesRealTime() {
      const audioSeconds = runs.reduce((sum, run) => sum + run.audioSeconds, 0);
      const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
      return seconds === 0 ? undefined : audioSeconds / seconds;
    },
  };
}
