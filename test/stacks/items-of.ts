import type { Template } from 'aws-cdk-lib/assertions';

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string[]>>>>;
}

/**
 * What a role may do in DynamoDB, with how the partition keys must begin with which it may; `any` where it may with all
 * of a table.
 */
export function itemsOf(template: Template, role: string): Record<string, string[]> {
  const statements = Object.values(template.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
  const found: Record<string, string[]> = {};
  for (const { Effect, Action, Condition } of statements) {
    if (Effect === 'Deny') continue;
    for (const action of [Action].flat().filter((name) => name.startsWith('dynamodb:'))) {
      const keys = Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? ['any'];
      found[action] = [...(found[action] ?? []), ...keys].sort();
    }
  }
  return found;
}
