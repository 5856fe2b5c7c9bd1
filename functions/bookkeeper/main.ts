import { Logger } from '@aws-lambda-powertools/logger';
import { jobOfObjectKey } from '@murmuration/api/adapters/api-object-key';
import { dynamoLedger } from '@murmuration/api/adapters/dynamo-ledger';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { JobEnded } from '@murmuration/pipeline/contract/messages';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { z } from 'zod';
import { BookkeeperEnv } from './env.ts';

const env = parseEnvironment(BookkeeperEnv);
const logger = new Logger({ serviceName: 'bookkeeper', logLevel: env.LOG_LEVEL });
const ledger = dynamoLedger(dynamoTable({ tableName: env.TABLE }), Date.now);
/** What EventBridge puts around an event. */
const Told = z.object({ detail: JobEnded });

/** Returns what a job that failed held of its key's budget. What came twice is returned once. */
export async function handler(event: unknown): Promise<void> {
  const { sourceKey, jobId } = Told.parse(event).detail;
  const id = jobOfObjectKey(sourceKey);
  if (id === undefined) return;
  await ledger.settle(id, 0);
  logger.info('settled', { id, jobId });
}
