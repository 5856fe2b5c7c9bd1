import { Hono } from 'hono';
import { z } from 'zod';
import { EndpointFault } from './endpoint-fault.ts';
import type { SageMakerRuntime } from './sagemaker-runtime.ts';
import { type LoopbackServer, serveOnLoopback } from './serve-on-loopback.ts';
import { type Redis, startRedis } from './start-redis.ts';

export interface TwinControl extends LoopbackServer {
  /** Settles when somebody asks the twin to end. */
  readonly asked: Promise<void>;
}

export interface TwinControlOptions {
  readonly folder: string;
  readonly redis: Redis;
  readonly sagemaker: SageMakerRuntime;
}

/**
 * Lets stories and people make parts of the twin misbehave: `PUT /endpoint {"kind":"failing"}` (see endpoint-fault.ts),
 * `GET /endpoint`, `PUT /redis {"running":false}`, and `DELETE /` to end it. It ends Redis when it stops.
 */
export async function startTwinControl({
  folder,
  redis,
  sagemaker,
}: TwinControlOptions): Promise<TwinControl> {
  let runningRedis: Redis | undefined = redis;
  const app = new Hono();
  app.put('/endpoint', async (c) => {
    sagemaker.misbehave(EndpointFault.parse(await c.req.json()));
    return c.json({});
  });
  app.get('/endpoint', (c) => c.json({ accepted: sagemaker.accepted }));
  app.put('/redis', async (c) => {
    const { running } = z.strictObject({ running: z.boolean() }).parse(await c.req.json());
    if (running) runningRedis ??= await startRedis(folder, redis.port);
    else await runningRedis?.stop();
    if (!running) runningRedis = undefined;
    return c.json({});
  });
  let ask = () => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  app.delete('/', (c) => {
    ask();
    return c.json({});
  });
  const server = await serveOnLoopback(app);
  const stop = async () => {
    await runningRedis?.stop();
    await server.stop();
  };
  return { url: server.url, stop, asked };
}
