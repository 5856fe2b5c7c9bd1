import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';

/**
 * Lets a door do this with the items of a table whose partition keys begin so, and with no others: keys, budgets and jobs
 * share one table.
 */
export function grantItems(
  table: Table,
  grantee: IGrantable,
  allowed: Readonly<Record<string, readonly `dynamodb:${string}`[]>>,
): void {
  for (const [prefix, actions] of Object.entries(allowed)) {
    Grant.addToPrincipal({
      grantee,
      actions: [...actions],
      resourceArns: [table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${prefix}*`] } },
    });
  }
}
