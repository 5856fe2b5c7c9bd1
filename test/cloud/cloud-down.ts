/** `npm run cloud:down`: ends the twin that `npm run cloud:up` started, and waits until nothing is left of it. */
import { setTimeout as wait } from 'node:timers/promises';
import { isAlive } from './is-alive.ts';
import { removeTwinFile, runningTwin } from './twin-file.ts';

const limitSeconds = 30;

const twin = await runningTwin();
await removeTwinFile();
if (twin) {
  await fetch(twin.control, { method: 'DELETE' });
  const deadline = Date.now() + limitSeconds * 1000;
  while (isAlive(twin.pid)) {
    if (Date.now() > deadline) throw new Error(`process ${twin.pid} does not end after ${limitSeconds} s`);
    await wait(50);
  }
  console.log('the twin has ended');
} else {
  console.log('no twin is up');
}
