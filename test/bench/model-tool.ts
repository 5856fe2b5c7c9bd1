import { execFileSync } from 'node:child_process';

const program = new URL('../../models/model.mjs', import.meta.url).pathname;

/** What `npm run model -- <words>` prints. */
export function modelTool(...words: string[]): string {
  return execFileSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}
