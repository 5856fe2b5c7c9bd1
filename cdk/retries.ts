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

/**
 * Doors return what trying again cannot mend, and throw the rest. A throttle is waited out for minutes, since a new
 * account runs 10 functions at once; what timed out once will again.
 */
export function addRetries(task: TaskStateBase, interval: Duration): void {
  task.addRetry({
    errors: LAMBDA_BUSY,
    interval,
    maxAttempts: 10,
    backoffRate: 2,
    maxDelay: Duration.minutes(1),
    jitterStrategy: JitterType.FULL,
  });
  task.addRetry({ errors: ['Sandbox.Timedout', Errors.TIMEOUT], maxAttempts: 0 });
  task.addRetry({ errors: [Errors.ALL], interval, maxAttempts: 2, backoffRate: 2 });
}
