import { keys } from '@murmuration/pipeline/keys';
import { CfnOutput } from 'aws-cdk-lib';
import type { Transcription } from './transcription.ts';
import type { TranscriptionScopes } from './transcription-props.ts';

/** What a person or a test wants to know of a deployment: `cdk deploy` prints it. */
export function createOutputs(scopes: TranscriptionScopes, transcription: Transcription): void {
  const { recordings, machine, cpuLane, splitter, aggregator, gpu, webhooks } = transcription;
  const { bucketName } = recordings.bucket;
  new CfnOutput(scopes.storage, 'BucketName', { value: bucketName });
  new CfnOutput(scopes.storage, 'UploadTo', { value: `s3://${bucketName}/${keys.uploadsPrefix}` });
  new CfnOutput(scopes.inference, 'TranscribeCpuFunctionName', { value: cpuLane.function.functionName });
  new CfnOutput(scopes.pipeline, 'StateMachineArn', { value: machine.machine.stateMachineArn });
  new CfnOutput(scopes.pipeline, 'SplitterFunctionName', { value: splitter.functionName });
  new CfnOutput(scopes.pipeline, 'AggregatorFunctionName', { value: aggregator.functionName });
  if (webhooks !== undefined) {
    new CfnOutput(scopes.pipeline, 'WebhookQueueArn', { value: webhooks.queue.queueArn });
    new CfnOutput(scopes.pipeline, 'WebhookDeadLettersArn', { value: webhooks.deadLetters.queueArn });
  }
  if (gpu === undefined) return;
  const { endpoint, lane } = gpu;
  new CfnOutput(scopes.inference, 'EndpointName', { value: endpoint.endpointName });
  new CfnOutput(scopes.inference, 'SuccessTopicArn', { value: endpoint.successTopic.topicArn });
  new CfnOutput(scopes.inference, 'ErrorTopicArn', { value: endpoint.errorTopic.topicArn });
  new CfnOutput(scopes.pipeline, 'DispatcherFunctionName', { value: lane.dispatcher.functionName });
  new CfnOutput(scopes.pipeline, 'CallbackFunctionName', { value: lane.callback.functionName });
}
