import { keys } from '@murmuration/pipeline/keys';
import { Duration, Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { SplitterEnv } from '../functions/splitter/env.ts';
import { Door, type DoorSettings } from './door.ts';
import type { FileLayer } from './file-layer.ts';
import { layerPaths } from './layer-parts.ts';
import type { RecordingBucket } from './recording-bucket.ts';

export interface SplitterProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  /** Id of the model that both lanes have. */
  readonly model: string;
  readonly engineLayer: FileLayer;
  readonly mediaLayer: FileLayer;
}

/** The door that cuts recordings. */
export function splitter(
  scope: Construct,
  id: string,
  { recordings, model, engineLayer, mediaLayer, ...settings }: SplitterProps,
): Door {
  const door = new Door(scope, id, {
    ...settings,
    door: 'splitter',
    description: 'decodes a recording, cuts it where people pause, and plans the batches',
    // One core decodes and listens; the second overlaps reading and writing
    memory: Size.mebibytes(3008),
    // Lambda's longest; what does not fit is cut by several at once
    timeout: Duration.minutes(15),
    environment: {
      BUCKET: recordings.bucket.bucketName,
      MODEL_ID: model,
      MEDIA_FOLDER: layerPaths.mediaFolder,
    } satisfies SplitterEnv,
    layers: [engineLayer, mediaLayer],
  });
  const { uploadsPrefix, jobsPrefix, transcriptsPrefix, removedPrefix } = keys;
  recordings.grantReadUnder(door, [uploadsPrefix, jobsPrefix, transcriptsPrefix, removedPrefix]);
  recordings.grantWriteUnder(door, [jobsPrefix, transcriptsPrefix]);
  return door;
}
