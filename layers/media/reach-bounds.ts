import { checkReach, type HttpReach, lookupWithin, OutOfReach } from './http-reach.ts';

/** Where `reach` lets a sender of webhooks go, as the pipeline's takes it. In the internet nobody on the way shall read them. */
export const reachBounds = (reach: Exclude<HttpReach, 'anywhere'>) => ({
  check: (url: URL) => checkReach(url, reach),
  lookup: lookupWithin(reach),
  isRefusal: (error: unknown) => error instanceof OutOfReach,
  secureOnly: reach === 'public',
});
