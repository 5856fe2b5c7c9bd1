import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Recorded = z.object({ type: z.string(), physicalId: z.string(), properties: z.unknown() });

const ModelProperties = z.object({
  PrimaryContainer: z.object({ Environment: z.record(z.string(), z.string()).default({}) }),
});
const EndpointProperties = z.object({ EndpointConfigName: z.string() });
const ConfigProperties = z.object({
  ProductionVariants: z.array(z.object({ ModelName: z.string() })).length(1),
  AsyncInferenceConfig: z.object({
    ClientConfig: z.object({ MaxConcurrentInvocationsPerInstance: z.coerce.number() }).optional(),
    OutputConfig: z.object({
      S3OutputPath: z.string(),
      S3FailurePath: z.string(),
      NotificationConfig: z.object({ SuccessTopic: z.string(), ErrorTopic: z.string() }),
    }),
  }),
});

export interface RecordedEndpoint {
  readonly outputPath: string;
  readonly failurePath: string;
  readonly successTopic: string;
  readonly errorTopic: string;
  readonly concurrency: number;
  /** What its container finds in its environment. */
  readonly containerEnvironment: Readonly<Record<string, string>>;
}

/** What the deployed template says of an asynchronous endpoint; undefined if it has none of this name. */
export async function recordedEndpoint(file: string, name: string): Promise<RecordedEndpoint | undefined> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const recorded = lines.map((line) => Recorded.parse(JSON.parse(line))).reverse();
  const named = (type: string, wanted: string) =>
    recorded.find((it) => it.type === type && it.physicalId.endsWith(`/${wanted}`))?.properties;
  const endpoint = EndpointProperties.safeParse(named('AWS::SageMaker::Endpoint', name));
  if (!endpoint.success) return undefined;
  const { ProductionVariants, AsyncInferenceConfig: config } = ConfigProperties.parse(
    named('AWS::SageMaker::EndpointConfig', endpoint.data.EndpointConfigName),
  );
  const model = ModelProperties.parse(named('AWS::SageMaker::Model', ProductionVariants[0]!.ModelName));
  return {
    outputPath: config.OutputConfig.S3OutputPath,
    failurePath: config.OutputConfig.S3FailurePath,
    successTopic: config.OutputConfig.NotificationConfig.SuccessTopic,
    errorTopic: config.OutputConfig.NotificationConfig.ErrorTopic,
    concurrency: config.ClientConfig?.MaxConcurrentInvocationsPerInstance ?? 1,
    containerEnvironment: model.PrimaryContainer.Environment,
  };
}
