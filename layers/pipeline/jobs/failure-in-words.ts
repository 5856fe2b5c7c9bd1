import { z } from 'zod';
import type { StateFailure } from '../contract/messages.ts';

/** How Lambda writes an error that a handler threw. */
const LambdaError = z.object({ errorMessage: z.string(), errorType: z.string().optional() });

const causes: Readonly<Record<string, string>> = {
  'States.Timeout': 'it took longer than it may',
  'States.HeartbeatTimeout': 'it took longer than it may',
  'Sandbox.Timedout': 'it took longer than it may',
  'Runtime.OutOfMemory': 'it ran out of memory',
  'Runtime.ExitError': 'it crashed, most often because it ran out of memory',
  'States.ExceedToleratedFailureThreshold': 'too many of its batches failed',
  'States.Permissions': 'the state machine lacks a permission',
  'Lambda.TooManyRequestsException': 'too many functions are running: raise the concurrency',
};

/** What Step Functions says of a broken state, for people. */
export function failureInWords({ Error: name, Cause: cause }: StateFailure): {
  code: string;
  reason: string;
} {
  const known = causes[name];
  if (known !== undefined) return { code: name, reason: known };
  const parsed = LambdaError.safeParse(jsonOf(cause ?? ''));
  const said = parsed.success ? parsed.data.errorMessage : cause;
  return { code: name, reason: said?.trim() || `it broke with ${name}` };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
