import { clockTime } from './clock-time.js';

/** Answers what to say of a work that began now, given which share of it is done; nothing where nobody knows. */
export function timeLeft() {
  const startedAt = performance.now();
  return (share) => {
    if (share === undefined) return '';
    const percent = `${Math.floor(share * 100)} %`;
    const spent = (performance.now() - startedAt) / 1000;
    // Before that it would jump about
    if (share < 0.05 || spent < 2) return percent;
    return `${percent}, about ${clockTime((spent / share) * (1 - share) + 1)} left`;
  };
}
