import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type CfnTable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

export interface ItemTableProps {
  /** @default DynamoDB's own key */
  readonly encryptionKey: IKey | undefined;
  /** Whether it is backed up, and outlives its stack; else the reason why not. */
  readonly isKept: true | { readonly why: string };
}

/** Items under `pk` and `sk`, each until its `expiresAt`: deleting by hand would cost as much as writing. Costs nothing while idle. */
export function itemTable(scope: Construct, id: string, { encryptionKey, isKept }: ItemTableProps): Table {
  const table = new Table(scope, id, {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    timeToLiveAttribute: 'expiresAt',
    billingMode: BillingMode.PAY_PER_REQUEST,
    ...(encryptionKey === undefined
      ? { encryption: TableEncryption.DEFAULT }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
    ...(isKept === true && { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true } }),
    removalPolicy: isKept === true ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  if (isKept === true) return table;
  const skip = [{ id: 'CKV_AWS_28', comment: isKept.why }];
  (table.node.defaultChild as CfnTable).addMetadata('checkov', { skip });
  return table;
}
