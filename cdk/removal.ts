import { keys } from '@murmuration/pipeline/keys';
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  DefinitionBody,
  JsonPath,
  LogLevel,
  StateMachine,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import type { SweeperEnv } from '../functions/sweeper/env.ts';
import { Door, type DoorSettings } from './door.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { cacheEnvironment, grantCache, type TranscriptCacheProps } from './transcript-cache.ts';

export interface RemovalProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  readonly cache?: TranscriptCacheProps | undefined;
}

/** A function that was called before a job was removed has ended then: Lambda gives it 15 minutes. */
const FUNCTIONS_ENDED = Duration.minutes(16);
/** The endpoint may let a batch wait for an hour, and work on it for another. */
const ENDPOINT_ENDED = Duration.minutes(125);

/** Deletes what was still written of a job while it was removed: once functions have ended, and once the endpoint has. */
export class Removal extends Construct {
  readonly machine: StateMachine;
  readonly door: Door;

  constructor(scope: Construct, id: string, { recordings, cache, ...settings }: RemovalProps) {
    super(scope, id);
    this.door = new Door(this, 'Door', {
      ...settings,
      door: 'sweeper',
      description: 'deletes what was still written of a job that was removed',
      memory: Size.mebibytes(512),
      timeout: Duration.minutes(5),
      environment: {
        BUCKET: recordings.bucket.bucketName,
        ...cacheEnvironment(cache),
      } satisfies SweeperEnv,
    });
    grantSweep(recordings, this.door);
    grantCache(cache, this.door);
    this.machine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(
        this.waitFor('functions', FUNCTIONS_ENDED)
          .next(this.sweep('functions'))
          .next(this.waitFor('the endpoint', ENDPOINT_ENDED))
          .next(this.sweep('the endpoint')),
      ),
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'Logs', {
          retention: settings.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
    });
  }

  private waitFor(whom: string, duration: Duration): Wait {
    return new Wait(this, `Wait for ${whom}`, { time: WaitTime.duration(duration) });
  }

  /** Tried again for half a day: nobody else would delete it. */
  private sweep(whom: string): LambdaInvoke {
    const task = new LambdaInvoke(this, `Sweep after ${whom}`, {
      lambdaFunction: this.door,
      resultPath: JsonPath.DISCARD,
      retryOnServiceExceptions: false,
    });
    task.addRetry({
      interval: Duration.minutes(1),
      backoffRate: 2,
      maxDelay: Duration.hours(1),
      maxAttempts: 15,
    });
    return task;
  }
}

/** All that a job of the API may leave, and nothing else. */
export function grantSweep(recordings: RecordingBucket, door: Door): void {
  const heard = [keys.jobsPrefix, keys.asyncOutputPrefix, `${keys.transcriptsPrefix}${keys.apiPrefix}`];
  recordings.grantReadUnder(door, heard);
  recordings.grantRemoveUnder(door, [keys.apiPrefix, ...heard]);
}
