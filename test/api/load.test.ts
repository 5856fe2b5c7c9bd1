import { it } from 'vitest';
import { sendLoad } from './send-load.ts';

// npm run test:api sends 1,000
it(
  'answers 200 requests at concurrency 20, each with a transcript or with 429',
  () => sendLoad(200, 20),
  300_000,
);
