import type { Session } from '@murmuration/whisper/graph-run';
import type { Model } from '@murmuration/whisper/load-model';
import { openSession } from '@murmuration/whisper/session';
import {
  hasCapturedGraphs,
  openCapturedSession,
} from '../../../functions/transcribe-gpu/devices/captured/open-captured-session.ts';
import { workload } from './workload.ts';

export const place = { provider: workload.provider === 'cpu' ? 'cpu' : 'cuda', deviceId: 0 } as const;

export type OwnOptions = Partial<Parameters<typeof openCapturedSession>[1]>;

/** The session that the server opens; for a dry run, on the processor. */
export function openAsServed(model: Model, options: OwnOptions = {}): Promise<Session> {
  return hasCapturedGraphs(model.manifest)
    ? openCapturedSession(model, { ...place, ...options })
    : openSession(model, { ownThread: true });
}
