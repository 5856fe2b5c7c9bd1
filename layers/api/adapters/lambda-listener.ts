import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { z } from 'zod';
import type { ListenerCall } from '../contract/listener-call.ts';

/** Begins a listener without waiting for what comes of it. @param functionName name or ARN */
export function lambdaListener(
  functionName: string,
  client = new LambdaClient({}),
): (call: z.input<typeof ListenerCall>) => Promise<void> {
  return async (call) => {
    const Payload = new TextEncoder().encode(JSON.stringify(call));
    await client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
  };
}
