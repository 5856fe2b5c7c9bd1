import { Duration } from 'aws-cdk-lib';
import { Errors, JitterType, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';

/** What Lambda says when it had no room or was ill, not our code. */
const LAMBDA_BUSY = [
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
];

/** Waits a throttle out for minutes: a new account runs 10 functions at once. */
export function waitForRoom(task: TaskStateBase, interval: Duration): void {
  task.addRetry({
    errors: LAMBDA_BUSY,
    interval,
    maxAttempts: 10,
    backoffRate: 2,
    maxDelay: Duration.minutes(1),
    jitterStrategy: JitterType.FULL,
  });
}

/** Doors return what trying again cannot mend, and throw the rest: so all but timeouts is tried again. */
export function addRetries(task: TaskStateBase, interval: Duration): void {
  waitForRoom(task, interval);
  // Out of time or memory once is so again
  task.addRetry({ errors: ['Sandbox.Timedout', 'Lambda.Unknown', Errors.TIMEOUT], maxAttempts: 0 });
  task.addRetry({ errors: [Errors.ALL], interval, maxAttempts: 2, backoffRate: 2 });
}
