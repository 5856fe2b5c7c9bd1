import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readManifest } from '@murmuration/whisper/load-model';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { listGpus } from '../../../functions/transcribe-gpu/devices/list-gpus.ts';
import { openDevices } from '../../../functions/transcribe-gpu/devices/open-devices.ts';
import { openThreadedEngine } from '../../../functions/transcribe-gpu/devices/threaded-engine.ts';
import { noise } from './noise.ts';
import { workload } from './workload.ts';

const LEFT_BYTES = 1 << 30;

/** Takes the GPU's memory but for `LEFT_BYTES`, and says so; ends with its input. */
const hog = `
import sys, torch
free, _ = torch.cuda.mem_get_info()
block = torch.empty(max(0, free - ${LEFT_BYTES}), dtype=torch.uint8, device="cuda")
print("taken", flush=True)
sys.stdin.read()
`;

/**
 * Another program takes the GPU's memory while 64 segments wait: they are answered in smaller batches, and once it has gone
 * the limit comes back to what it was.
 */
export async function measureMemory(modelFolder: string) {
  const provider = workload.provider === 'cpu' ? 'cpu' : 'cuda';
  const options = {
    modelFolder,
    provider,
    mostSegments: workload.serverRows,
    sessionsPerGpu: 1,
    cudaGraphs: true,
    arenaBytes: undefined,
  } as const;
  const devices = await openDevices(
    { ...options, latencyTargetMilliseconds: 10_000 },
    await readManifest(modelFolder),
    { openEngine: openThreadedEngine, gpus: (await listGpus()).slice(0, 1) },
  );
  const events: object[] = [];
  const observer = {
    started: () => undefined,
    finished: ({ segments }: { readonly segments: number }) => void events.push({ finished: segments }),
    outOfMemory: ({ segments, givenUp }: { readonly segments: number; readonly givenUp: boolean }) =>
      void events.push({ outOfMemory: segments, givenUp }),
    fatal: (error: unknown) => void events.push({ fatal: String(error) }),
  };
  const batcher = createBatcher(devices, defaultPolicy, { observer });
  const segments = new Array<Float32Array>(workload.serverRows).fill(noise(30 * 16_000));
  const decoding = { language: 'en', temperatures: [0], noSpeechThreshold: 1 };
  const { limit, engine } = devices[0]!;
  const before = limit.current();

  const child = workload.provider === 'cpu' ? undefined : spawn('python3', ['-c', hog]);
  if (child !== undefined) await once(child.stdout, 'data');
  const answered = await batcher.transcribe('crowded', segments, decoding).then(
    (transcripts) => transcripts.length,
    (error: unknown) => String(error),
  );
  const crowded = limit.current();
  child?.stdin.end();
  if (child !== undefined) await once(child, 'exit');
  // The limit doubles every 10 s
  while (limit.current() < before) await new Promise((resolve) => setTimeout(resolve, 1000));
  const crowdedEvents = events.splice(0);
  const again = (await batcher.transcribe('alone', segments, decoding)).length;
  await engine.close();
  return { before, answered, crowded, crowdedEvents, again, eventsAfterwards: events };
}
