import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const SplitterEnv = DoorEnvironment.extend({
  /** Id of the model that both lanes have. */
  MODEL_ID: z.string().min(1),
  /** Where `node-av-*.mjs` and `silero-vad-v6.onnx` lie. @default beside the code of layers/media */
  MEDIA_FOLDER: z.string().optional(),
});
/** As a stack sets them. */
export type SplitterEnv = z.input<typeof SplitterEnv>;
