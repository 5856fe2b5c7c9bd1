import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { pythonTools } from './python-tools.ts';
import { type StartedServer, startServer } from './start-server.ts';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

let server: StartedServer;
let tools: string;
beforeAll(async () => {
  [tools, server] = await Promise.all([pythonTools(), startServer()]);
}, 300_000);
afterAll(() => server.stop());

it("satisfies OpenAI's own client for Python over every format, granularity and way to stream", async () => {
  const args = [join(here, 'openai_client.py'), `${server.url}/v1`, fixture('jfk.flac')];
  const { stdout } = await run(join(tools, 'python'), args);
  expect(stdout.trim().split('\n')).toHaveLength(12);
}, 120_000);

it("satisfies Deepgram's own client for Python", async () => {
  const args = [join(here, 'deepgram_client.py'), server.url, fixture('jfk.flac')];
  const { stdout } = await run(join(tools, 'python'), args);
  expect(stdout.match(/^done/gm)).toHaveLength(4);
  expect(stdout.match(/^refused/gm)).toHaveLength(2);
}, 120_000);

it('does what its OpenAPI document says, to whatever schemathesis sends', async () => {
  const args = ['run', `${server.url}/openapi.json`, '--max-examples', '25', '--workers', '2', '--seed', '1'];
  const checks = [
    'not_a_server_error',
    'status_code_conformance',
    'content_type_conformance',
    'response_schema_conformance',
  ];
  // A failure throws with what schemathesis printed
  // It leaves notes where it runs
  const folder = mkdtempSync(join(tmpdir(), 'murmuration-schemathesis-'));
  const all = [...args, '--checks', checks.join(','), '--no-color'];
  await run(join(tools, 'schemathesis'), all, { cwd: folder }).catch(({ stdout }: { stdout: string }) =>
    expect.fail(stdout.slice(-8000)),
  );
  rmSync(folder, { recursive: true, force: true });
  expect(server.exitCode()).toBeNull();
}, 300_000);
