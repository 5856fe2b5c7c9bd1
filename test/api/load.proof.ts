import { it } from 'vitest';
import { sendLoad } from './send-load.ts';

it('answers 1,000 requests at concurrency 50, each with a transcript or with 429', () => sendLoad(1000, 50));
