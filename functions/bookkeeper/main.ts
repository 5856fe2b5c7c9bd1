import { Logger } from '@aws-lambda-powertools/logger';
import { dynamoLedger } from '@murmuration/api/adapters/dynamo-ledger';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { settleExecution } from '@murmuration/api/settle-execution';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { BookkeeperEnv } from './env.ts';

const env = parseEnvironment(BookkeeperEnv);
const logger = new Logger({ serviceName: 'bookkeeper', logLevel: env.LOG_LEVEL });
const ledger = dynamoLedger(dynamoTable({ tableName: env.TABLE }), Date.now);

/** Books what a job has used, once it has ended. */
export async function handler(event: unknown): Promise<void> {
  logger.info('settled', await settleExecution(event, ledger));
}
