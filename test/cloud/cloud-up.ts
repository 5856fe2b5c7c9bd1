/**
 * `npm run cloud:up`: a local twin of the kit to play with. `npm run cloud:up -- name=value` sets what cdk.json would.
 * It stays up until `npm run cloud:down`; with `--stay` it holds the terminal until Ctrl-C.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startTwin } from './start-twin.ts';
import { removeTwinFile, runningTwin, writeTwinFile } from './twin-file.ts';
import type { TwinState } from './twin-state.ts';

const logFile = fileURLToPath(new URL('../../.cache/cloud/twin.log', import.meta.url));

async function main(args: readonly string[]): Promise<void> {
  if (await runningTwin()) throw new Error('a twin is up already: npm run cloud:down ends it');
  if (args.includes('--stay')) await stay(args.filter((arg) => arg !== '--stay'));
  else await leaveRunning(args);
}

async function stay(settings: readonly string[]): Promise<void> {
  const twin = await startTwin({
    log: console.log,
    settings: Object.fromEntries(settings.map((setting) => setting.split(/=(.*)/s))),
  });
  await writeTwinFile(twin.state);
  console.log(words(twin.state));
  const signalled = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
  await Promise.race([twin.asked, signalled]);
  await removeTwinFile();
  await twin.stop();
  process.exit();
}

async function leaveRunning(settings: readonly string[]): Promise<void> {
  mkdirSync(new URL('.', `file://${logFile}`), { recursive: true });
  const log = openSync(logFile, 'w');
  const script = fileURLToPath(import.meta.url);
  const args = ['--import', 'tsx', script, '--stay', ...settings];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  let state: TwinState | undefined;
  while (!state) {
    if (child.exitCode !== null) throw new Error(`the twin did not start:\n${readFileSync(logFile, 'utf8')}`);
    await wait(200);
    state = await runningTwin();
  }
  child.unref();
  console.log(`${words(state)}\nend it: npm run cloud:down`);
}

const words = ({ endpoint, control, folder, outputs: { bucket } }: TwinState) => `
the twin is up: put recordings under uploads/, find transcripts under transcripts/uploads/

  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_ENDPOINT_URL=${endpoint}
  aws s3 cp test/fixtures/audio/jfk.flac s3://${bucket}/uploads/
  aws s3 cp s3://${bucket}/transcripts/uploads/jfk.flac.txt -

without the aws command:

  curl -T test/fixtures/audio/jfk.flac ${endpoint}/${bucket}/uploads/jfk.flac
  curl ${endpoint}/${bucket}/transcripts/uploads/jfk.flac.txt

make the GPU endpoint misbehave (absent, throttled, failing, silent, garbage, duplicate, none):

  curl -X PUT ${control}/endpoint -H 'content-type: application/json' -d '{"kind":"failing"}'

logs: ${folder}`;

await main(process.argv.slice(2));
