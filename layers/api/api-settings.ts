/** What differs between the places where the API is served. */
export interface ApiSettings {
  /** Of the kit, for the OpenAPI document. */
  readonly version: string;
  /** The largest body of a request that carries audio. */
  readonly mostBodyBytes: number;
  /** The largest upload. */
  readonly mostUploadBytes: number;
  /** For recordings in requests, while they are heard. @default the system's folder for temporary files */
  readonly spoolFolder?: string | undefined;
  /** Requests whose recording arrives, waits or is transcribed; one more is answered 429, if none gives way. */
  readonly mostAtOnce: number;
  /** US dollars for an hour of audio, for `dry_run`. */
  readonly dollarsPerAudioHour: number;
  /** Of the page's files. @default beside this layer's code, which a bundle is not */
  readonly pageFolder?: string | undefined;
  /** Why no webhooks are told here, and what to do; a job that asks for one is refused with it. */
  readonly noWebhooks?: string | undefined;
  /** Throws `invalid-argument` for an address that no webhook would be sent to. */
  readonly checkWebhook?: ((url: URL) => void) | undefined;
  /** Why there is no bucket here, and what to do; a job with an `s3_key` is refused with it. */
  readonly noBucket?: string | undefined;
  /** Where live transcription is, if it is not served here. */
  readonly realtimeUrl?: string | undefined;
  /** Why there is none, and what to do; who asks for it is refused with it. */
  readonly noRealtime?: string | undefined;
  /** Where the page sends parts of uploads, if not here. */
  readonly uploadOrigin?: string | undefined;
  /** How much faster than speech the engine is, roughly: for `dry_run`, where nothing was measured yet. */
  readonly timesRealTime: number;
}
