import { keys } from '@murmuration/pipeline/keys';
import { Duration, Size } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { AggregatorEnv } from '../functions/aggregator/env.ts';
import { Door, type DoorSettings } from './door.ts';
import { pricePerSecond } from './prices.ts';
import type { RecordingBucket } from './recording-bucket.ts';

export interface AggregatorProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  /** Of the CPU lane, for what a job costs. */
  readonly cpuMemory: Size;
}

/** The door that merges batches, and tells how jobs end. */
export function aggregator(
  scope: Construct,
  id: string,
  { recordings, cpuMemory, ...settings }: AggregatorProps,
): Door {
  const door = new Door(scope, id, {
    ...settings,
    door: 'aggregator',
    description: 'merges the batches into one transcript and delivers it',
    memory: Size.mebibytes(1769),
    timeout: Duration.minutes(5),
    environment: {
      BUCKET: recordings.bucket.bucketName,
      PRICE_TABLE: JSON.stringify({
        gpu: pricePerSecond.gpu,
        cpu: pricePerSecond.lambdaMebibyte * cpuMemory.toMebibytes(),
      }),
    } satisfies AggregatorEnv,
  });
  recordings.grantReadUnder(door, [keys.jobsPrefix, keys.transcriptsPrefix, keys.removedPrefix]);
  recordings.grantWriteUnder(door, [keys.jobsPrefix, keys.transcriptsPrefix]);
  EventBus.fromEventBusName(scope, 'Bus', 'default').grantPutEventsTo(door);
  return door;
}
