/** `npm run cloud:down`: ends the twin that `npm run cloud:up` started, and waits until nothing is left of it. */
import { setTimeout as wait } from 'node:timers/promises';
import { removeTwinFile, runningTwin } from './twin-file.ts';

const limitSeconds = 30;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

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
