import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { MediaUploaded } from '@murmuration/pipeline/contract/job';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { z } from 'zod';
import { executionOf, type JobItem } from './job-item.ts';
import type { JobTraces } from './sweep-job.ts';

/** The executions of jobs in Step Functions, which keeps their names for 90 days. All throw `store-unavailable`. */
export interface JobExecutions {
  /** Begun twice, it runs once. */
  begin(job: JobItem, upload: z.input<typeof MediaUploaded>): Promise<void>;
  /** Undefined where there is none of this job. */
  status(job: JobItem): Promise<ExecutionStatus | undefined>;
  stop(job: JobItem): Promise<void>;
  /** Deletes these traces of it again once nobody can be at work on it any more. */
  sweepLater(job: JobItem, traces: JobTraces): Promise<void>;
}

export interface JobExecutionsOptions {
  /** The kit's. */
  readonly stateMachineArn: string;
  /** The one that waits and sweeps. */
  readonly removalMachineArn: string;
  /** @default one that takes region and keys from the environment */
  readonly client?: SFNClient | undefined;
}

export function jobExecutions({
  stateMachineArn,
  removalMachineArn,
  client = new SFNClient({}),
}: JobExecutionsOptions): JobExecutions {
  const arnOf = (job: JobItem) =>
    `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${executionOf(job)}`;

  async function start(arn: string, name: string, input: unknown): Promise<void> {
    const begun = new StartExecutionCommand({ stateMachineArn: arn, name, input: JSON.stringify(input) });
    await client.send(begun).catch(unless(ExecutionAlreadyExists));
  }

  return {
    begin: (job, upload) => start(stateMachineArn, executionOf(job), upload),
    async status(job) {
      const asked = new DescribeExecutionCommand({ executionArn: arnOf(job) });
      return (await client.send(asked).catch(unless(ExecutionDoesNotExist)))?.status;
    },
    async stop(job) {
      const stopped = new StopExecutionCommand({ executionArn: arnOf(job), cause: 'its owner removed it' });
      await client.send(stopped).catch(unless(ExecutionDoesNotExist));
    },
    // By what is known of it: who removes it again may know more
    sweepLater: (job, traces) =>
      start(removalMachineArn, `${executionOf(job)}-${traces.jobIds.length}`, traces),
  };
}

const unless =
  (expected: new (...parts: never[]) => Error) =>
  (error: unknown): undefined => {
    if (error instanceof expected) return undefined;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new MurmurationError(
      'store-unavailable',
      `Step Functions cannot be reached: ${reason}. try again`,
      {
        cause: error,
      },
    );
  };
