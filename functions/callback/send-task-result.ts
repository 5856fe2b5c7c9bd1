import {
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import type { TaskFailed, TaskSucceeded } from '@murmuration/pipeline/contract/messages';

/** Step Functions takes no more of either. */
const LONGEST_ERROR = 256;
const LONGEST_CAUSE = 32_768;

/** Answers the state that waits; false where none does any more: the answer came late, or twice, and does no harm. */
export async function sendTaskResult(
  answer: TaskSucceeded | TaskFailed,
  client: SFNClient,
): Promise<boolean> {
  const { taskToken } = answer;
  try {
    if (answer.kind === 'task-succeeded') {
      await client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(answer.output) }));
    } else {
      const error = answer.code.slice(0, LONGEST_ERROR);
      await client.send(
        new SendTaskFailureCommand({ taskToken, error, cause: answer.reason.slice(0, LONGEST_CAUSE) }),
      );
    }
    return true;
  } catch (error) {
    const isOver = [InvalidToken, TaskDoesNotExist, TaskTimedOut].some((kind) => error instanceof kind);
    if (isOver) return false;
    throw error;
  }
}
