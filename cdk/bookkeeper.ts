import { keys } from '@murmuration/pipeline/keys';
import { Duration, Size } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { BookkeeperEnv } from '../functions/bookkeeper/env.ts';
import { Door, type DoorSettings } from './door.ts';

export interface BookkeeperProps extends DoorSettings {
  /** The API's. */
  readonly table: Table;
}

/**
 * Returns to a key's budget what its failed jobs held. An event that is lost here costs nothing but time: whoever asks the
 * API how the job stands has it returned too.
 */
export class Bookkeeper extends Construct {
  readonly door: Door;

  constructor(scope: Construct, id: string, { table, ...settings }: BookkeeperProps) {
    super(scope, id);
    this.door = new Door(this, 'Door', {
      ...settings,
      door: 'bookkeeper',
      description: 'returns what failed jobs held of a budget',
      memory: Size.mebibytes(512),
      timeout: Duration.seconds(30),
      environment: { TABLE: table.tableName } satisfies BookkeeperEnv,
    });
    table.grant(this.door, 'dynamodb:GetItem', 'dynamodb:UpdateItem');
    table.encryptionKey?.grantEncryptDecrypt(this.door);
    new Rule(this, 'OnFailure', {
      description: 'jobs of the API that have failed',
      eventBus: EventBus.fromEventBusName(this, 'Bus', 'default'),
      eventPattern: {
        source: ['murmuration'],
        detailType: ['job-failed'],
        detail: { sourceKey: [{ prefix: `${keys.uploadsPrefix}api/` }] },
      },
      targets: [new LambdaFunction(this.door)],
    });
  }
}
