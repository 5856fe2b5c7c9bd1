import {
  type RecordingOptions,
  type RecordingRequest,
  type RecordingTranscribed,
  transcribeRecording,
} from '@murmuration/pipeline/steps/transcribe-recording';
import { type LaptopOptions, openLaptop } from './laptop.ts';

/** Where recordings are heard: on this machine, or by a server. */
export interface Hearing {
  /** As the model knows it, or as it was written where the server will find out. */
  readonly language: string;
  readonly timesWords: boolean;
  hear(request: RecordingRequest, options: RecordingOptions): Promise<RecordingTranscribed>;
  close(): Promise<void>;
}

/** On this machine. Throws as `openLaptop`. */
export async function laptopHearing(options: LaptopOptions): Promise<Hearing> {
  const { ports, language, batchesAtOnce, close } = await openLaptop(options);
  return {
    language,
    timesWords: ports.engine.timesWords,
    hear: (request, how) => transcribeRecording({ ...request, batchesAtOnce }, ports, how),
    close,
  };
}
