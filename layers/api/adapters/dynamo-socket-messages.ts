import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { SocketMessage, SocketMessages } from '../realtime/socket-messages.ts';
import { dynamoTable } from './dynamo-table.ts';

/** For those who listen to a stream from its start again; DynamoDB takes days longer to remove them. */
const KEPT_SECONDS = 3 * 3600;

const Index = z.string().transform((sk) => Number(sk.slice('message#'.length)));
const Item = z.union([
  z.object({ sk: Index, audio: z.instanceof(Uint8Array) }),
  z.object({ sk: Index, isEnd: z.literal(true) }),
  z.object({ sk: z.literal('problem#gone') }),
]);

/** In a table of their own, one item a message: whole streams would not fit into one. */
export function dynamoSocketMessages({
  tableName: TableName,
  clock,
  client = new DynamoDBClient({}),
}: {
  readonly tableName: string;
  readonly clock: Clock;
  /** @default one that takes region and keys from the environment */
  readonly client?: DynamoDBClient | undefined;
}): SocketMessages {
  const documents = DynamoDBDocumentClient.from(client);
  const table = dynamoTable({ tableName: TableName, client });
  const expiresAt = () => Math.ceil(clock() / 1000) + KEPT_SECONDS;
  return {
    async put(pk, message, sendingId) {
      const put = new PutCommand({
        TableName,
        Item: { pk, ...itemOf(message), sendingId, expiresAt: expiresAt() },
        // Of its own, where it was put and the answer got lost
        ConditionExpression: 'attribute_not_exists(pk) OR sendingId = :sending',
        ExpressionAttributeValues: { ':sending': sendingId },
      });
      // That a connection is closed may be told twice
      return (await documents.send(put).catch(unlessThere)) !== undefined || message.kind === 'gone';
    },
    async read(pk, index) {
      const query = new QueryCommand({
        TableName,
        // "problem" sorts behind "message"; who listens lies before both
        KeyConditionExpression: 'pk = :pk AND sk >= :from',
        ExpressionAttributeValues: { ':pk': pk, ':from': messageKey(index) },
        ConsistentRead: true,
      });
      const { Items = [] } = await documents.send(query).catch(unavailable);
      return Items.map((item) => messageOf(item));
    },
    claim: (pk, index) =>
      table.putNew({ pk, sk: `listener#${index}`, expiresAt: expiresAt() }, Math.floor(clock() / 1000)),
  };
}

const messageKey = (index: number) => `message#${String(index).padStart(7, '0')}`;

function itemOf(message: SocketMessage): Record<string, unknown> {
  switch (message.kind) {
    case 'audio':
      return { sk: messageKey(message.index), audio: message.audio };
    case 'end':
      return { sk: messageKey(message.index), isEnd: true };
    case 'gone':
      return { sk: 'problem#gone' };
  }
}

function messageOf(item: unknown): SocketMessage {
  const parsed = Item.parse(item);
  if ('audio' in parsed) return { kind: 'audio', index: parsed.sk, audio: parsed.audio };
  if ('isEnd' in parsed) return { kind: 'end', index: parsed.sk };
  return { kind: 'gone' };
}

function unlessThere(error: unknown): undefined {
  if (error instanceof ConditionalCheckFailedException) return undefined;
  return unavailable(error);
}

function unavailable(cause: unknown): never {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  throw new MurmurationError(
    'store-unavailable',
    `the table of streams cannot be reached: ${reason}. try again`,
    {
      cause,
    },
  );
}
