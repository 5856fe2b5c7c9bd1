import type { Cut } from './hearing/cut-channels.ts';
import type { Clock, Decoder, Engine, Meter, ObjectStore, TranscriptCache, WebhookSender } from './ports.ts';

/** Everything that a step may ask for; each takes what it needs. */
export interface PipelinePorts {
  readonly store: ObjectStore;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly decoder: Decoder;
  readonly cut: Cut;
  readonly engine: Engine;
  readonly cache?: TranscriptCache | undefined;
  readonly webhooks: WebhookSender;
  /** `whsec_` and base64. */
  readonly webhookSecret: string;
  /** Id of the model that recordings are split for. */
  readonly model: string;
  /** What a second of a lane's work costs, in US dollars. @default no estimate */
  readonly prices?: { readonly gpu: number; readonly cpu: number } | undefined;
  /** @default SPLIT_LIMITS */
  readonly limits?: SplitLimits | undefined;
}

/** When one splitter is not enough. */
export interface SplitLimits {
  /** So much is cut while it is decoded; what comes after is cut by others. */
  readonly inlineSeconds: number;
  /** What each of those cuts, about. */
  readonly windowSeconds: number;
}
