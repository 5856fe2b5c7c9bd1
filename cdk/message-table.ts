import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type CfnTable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** What clients say over WebSockets, until it is heard. Apart from the API's table: audio goes into no backup. */
export function messageTable(scope: Construct, id: string, encryptionKey: IKey | undefined): Table {
  const table = new Table(scope, id, {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    // Deleting by hand would cost as much as writing
    timeToLiveAttribute: 'expiresAt',
    billingMode: BillingMode.PAY_PER_REQUEST,
    ...(encryptionKey === undefined
      ? { encryption: TableEncryption.DEFAULT }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const skip = [{ id: 'CKV_AWS_28', comment: 'what people say shall be in no backup' }];
  (table.node.defaultChild as CfnTable).addMetadata('checkov', { skip });
  return table;
}
