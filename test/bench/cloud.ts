/**
 * `npm run bench:cloud`: what the kit on AWS costs beside the engine, on the local twin: bundle sizes, cold starts, and
 * the time that a job takes beyond the engine's.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { keys } from '@murmuration/pipeline/keys';
import { median } from '../../functions/cli/median.ts';
import { cloudTools } from '../cloud/cloud-tools.ts';
import { type DeployedKit, deployedKit } from '../cloud/deployed-kit.ts';
import { startTwin } from '../cloud/start-twin.ts';
import { assemblyDoors, coldStartMilliseconds } from './cold-start.ts';
import { report } from './report.ts';

const JOBS = 10;
const STARTS = 7;

interface TimedJob {
  readonly lane: 'gpu' | 'cpu';
  /** Milliseconds from the upload to the transcript, of the state machine within it, and of the engine within that. */
  readonly upload: number;
  readonly machine: number;
  readonly engine: number;
}

async function timeJob(kit: DeployedKit, name: string, media: Uint8Array): Promise<TimedJob> {
  const started = performance.now();
  const { key, status } = await kit.transcribe(name, media);
  const upload = performance.now() - started;
  const [execution] = await kit.ended(key);
  const machine = execution!.stopDate!.getTime() - execution!.startDate!.getTime();
  const lane = status.lanes!.gpu > 0 ? 'gpu' : 'cpu';
  const result = BatchResult.parse(JSON.parse(await kit.text(keys.batchResult(status.jobId, 0, lane))));
  return { lane, upload, machine, engine: result.engineSeconds * 1000 };
}

async function timeJobs(kit: DeployedKit, lane: string, prepare: () => Promise<unknown>) {
  const media = readFileSync(fileURLToPath(new URL('../fixtures/audio/jfk.flac', import.meta.url)));
  const jobs: TimedJob[] = [];
  // The first starts the doors.
  for (let index = 0; index <= JOBS; index++) {
    await prepare();
    const job = await timeJob(kit, `${lane}/${index}.flac`, media);
    if (job.lane !== lane) throw new Error(`job ${index} ran on the ${job.lane} lane, not on ${lane}`);
    if (index > 0) jobs.push(job);
  }
  const of = (value: (job: TimedJob) => number) => Math.round(median(jobs.map(value)));
  return {
    what: `a job of 11 s on the ${lane} lane`,
    'state machine ms': of(({ machine }) => machine),
    'engine ms': of(({ engine }) => engine),
    'beyond the engine ms': of(({ machine, engine }) => machine - engine),
    'upload to transcript ms': of(({ upload }) => upload),
  };
}

const twin = await startTwin({ log: console.log });
try {
  const { state } = twin;
  const { nodeFolder } = await cloudTools();
  const rows: Record<string, string | number>[] = [];
  for (const door of assemblyDoors(`${state.folder}/cdk.out`)) {
    const starts = Array.from({ length: STARTS }, () => coldStartMilliseconds(door, nodeFolder));
    rows.push({
      what: `cold start of ${door.name}`,
      'bundle MB': Number((door.bundleBytes / 1e6).toFixed(2)),
      'layers MB': Number((door.layerBytes / 1e6).toFixed(1)),
      'module loaded ms': Math.round(median(starts.map(({ loaded }) => loaded))),
      'handler ready ms': Math.round(median(starts.map(({ ready }) => ready))),
    });
  }
  const kit = deployedKit(state.endpoint, state.outputs);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${state.cache.token}` };
  const forget = () => fetch(state.cache.url, { method: 'POST', headers, body: '["FLUSHALL"]' });
  rows.push(await timeJobs(kit, 'gpu', forget));
  await fetch(`${state.control}/endpoint`, { method: 'PUT', headers, body: '{"kind":"absent"}' });
  rows.push(await timeJobs(kit, 'cpu', forget));
  report('cloud', { threads: 2, jobs: JOBS, starts: STARTS, rows });
} finally {
  await twin.stop();
}
