import { setTimeout } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { MurmurationError } from '@murmuration/pipeline/errors';

/** Of changes that belong together, while others change the same: 3 s of waiting in all. */
const MOST_ATTEMPTS = 12;

export type TableItem = Readonly<Record<string, unknown>>;
export interface TableKey {
  readonly pk: string;
  readonly sk: string;
}

/** A change that is made only where `condition` holds, in DynamoDB's words. */
export interface TableUpdate {
  readonly update: string;
  readonly condition?: string | undefined;
  readonly values: TableItem;
  readonly names?: Readonly<Record<string, string>> | undefined;
}

/** The one table of the API: keys, what they used, what was asked before, uploads and jobs. `expiresAt` ends an item. */
export interface DynamoTable {
  get(key: TableKey): Promise<TableItem | undefined>;
  /** False, and nothing written, where an item is there already that has not expired by `nowSeconds`. */
  putNew(item: TableItem & TableKey, nowSeconds: number): Promise<boolean>;
  /** The item as it is now; undefined, and nothing changed, where the condition does not hold. */
  change(key: TableKey, update: TableUpdate): Promise<TableItem | undefined>;
  /** All of these changes or none: undefined where they were made, else the number of the first whose condition does not hold. */
  changeAll(changes: readonly (TableUpdate & { readonly key: TableKey })[]): Promise<number | undefined>;
  /** Of one `pk`, whose `sk` begins so; the last first. `after` is the `sk` of the item before the page. */
  page(
    pk: string,
    prefix: string,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<TableItem[]>;
  removeAll(keys: readonly TableKey[]): Promise<void>;
  /** Nothing where the condition does not hold. */
  remove(key: TableKey, condition: Pick<TableUpdate, 'condition' | 'values'>): Promise<void>;
}

/** The table of this name. What fails on the way throws `store-unavailable`. */
export function dynamoTable({
  tableName: TableName,
  client = new DynamoDBClient({}),
}: {
  readonly tableName: string;
  readonly client?: DynamoDBClient | undefined;
}): DynamoTable {
  const marshallOptions = { removeUndefinedValues: true };
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions });
  const written = (Key: TableKey, { update, condition, values, names }: TableUpdate) => ({
    TableName,
    Key,
    UpdateExpression: update,
    ConditionExpression: condition,
    ExpressionAttributeValues: values,
    ExpressionAttributeNames: names,
  });
  return {
    async get(Key) {
      const asked = new GetCommand({ TableName, Key, ConsistentRead: true });
      return (await documents.send(asked).catch(unavailable)).Item;
    },
    async putNew(Item, nowSeconds) {
      const put = new PutCommand({
        TableName,
        Item,
        // DynamoDB takes days to remove what has expired
        ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
        ExpressionAttributeValues: { ':now': nowSeconds },
      });
      return (await documents.send(put).catch(unmet)) !== undefined;
    },
    async change(key, update) {
      const changed = new UpdateCommand({ ...written(key, update), ReturnValues: 'ALL_NEW' });
      const answer = await documents.send(changed).catch(unmet);
      return answer && (answer.Attributes ?? {});
    },
    async changeAll(changes) {
      const TransactItems = changes.map(({ key, ...update }) => ({ Update: written(key, update) }));
      for (let attempt = 1; ; attempt++) {
        try {
          await documents.send(new TransactWriteCommand({ TransactItems }));
          return undefined;
        } catch (error) {
          const codes = error instanceof TransactionCanceledException ? error.CancellationReasons : undefined;
          const unmet = codes?.findIndex(({ Code }) => Code === 'ConditionalCheckFailed') ?? -1;
          if (unmet >= 0) return unmet;
          // Another change of the same item was under way, which the client leaves to us
          const isConflict = codes?.some(({ Code }) => Code === 'TransactionConflict') ?? false;
          if (!isConflict || attempt === MOST_ATTEMPTS) unavailable(error);
          await setTimeout(Math.random() * 20 * 2 ** Math.min(attempt, 5));
        }
      }
    },
    async page(pk, prefix, { after, limit }) {
      const query = new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
        ScanIndexForward: false,
        Limit: limit,
        ...(after !== undefined && { ExclusiveStartKey: { pk, sk: after } }),
      });
      return (await documents.send(query).catch(unavailable)).Items ?? [];
    },
    async remove(Key, { condition, values }) {
      const removal = new DeleteCommand({
        TableName,
        Key,
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
      });
      await documents.send(removal).catch(unmet);
    },
    async removeAll(keys) {
      let requests = keys.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } }));
      for (let attempt = 1; requests.length > 0; attempt++) {
        const removal = new BatchWriteCommand({ RequestItems: { [TableName]: requests } });
        const { UnprocessedItems = {} } = await documents.send(removal).catch(unavailable);
        // Where it is short of capacity it answers well, and says what it left
        requests = (UnprocessedItems[TableName] ?? []) as typeof requests;
        if (requests.length === 0) return;
        if (attempt === MOST_ATTEMPTS) unavailable(new Error(`${requests.length} items were not removed`));
        await setTimeout(Math.random() * 20 * 2 ** Math.min(attempt, 5));
      }
    },
  };
}

function unmet(error: unknown): undefined {
  if (error instanceof ConditionalCheckFailedException) return undefined;
  return unavailable(error);
}

function unavailable(cause: unknown): never {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  throw new MurmurationError('store-unavailable', `the API's table cannot be reached: ${reason}. try again`, {
    cause,
  });
}
