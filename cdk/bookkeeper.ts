import { Duration, Size } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { BookkeeperEnv } from '../functions/bookkeeper/env.ts';
import { Door, type DoorSettings } from './door.ts';
import { grantItems } from './grant-items.ts';

export interface BookkeeperProps extends DoorSettings {
  /** The API's. */
  readonly table: Table;
  /** What its jobs are executions of. */
  readonly machine: IStateMachine;
}

/**
 * Books what jobs have used once they have ended, however they did: their recordings may be longer or shorter than they
 * say. An event that is lost here costs nothing but time: whoever asks the API how the job stands has it booked too.
 */
export class Bookkeeper extends Construct {
  readonly door: Door;

  constructor(scope: Construct, id: string, { table, machine, ...settings }: BookkeeperProps) {
    super(scope, id);
    this.door = new Door(this, 'Door', {
      ...settings,
      door: 'bookkeeper',
      description: 'books what jobs have used once they have ended',
      memory: Size.mebibytes(512),
      timeout: Duration.seconds(30),
      environment: { TABLE: table.tableName } satisfies BookkeeperEnv,
    });
    grantItems(table, this.door, {
      'held#': ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      'usage#': ['dynamodb:UpdateItem'],
    });
    table.encryptionKey?.grantEncryptDecrypt(this.door);
    new Rule(this, 'OnEnd', {
      description: 'jobs of the API that have ended',
      eventBus: EventBus.fromEventBusName(this, 'Bus', 'default'),
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [machine.stateMachineArn],
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
          name: [{ prefix: 'job_' }],
        },
      },
      targets: [new LambdaFunction(this.door)],
    });
  }
}
