import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { cpuOnly, definitionOf, synthesize } from './synthesize.ts';

const { pipeline } = synthesize({ gpuTimeoutSeconds: 77, concurrency: 12, toleratedFailurePercentage: 30 });
const { States: states, StartAt } = definitionOf(pipeline);
const batch = states['Transcribe']!.ItemProcessor!;

describe('the state machine', () => {
  it('goes from upload to transcript', () => {
    expect(StartAt).toBe('Uploaded?');
    expect(states['Uploaded?']).toMatchObject({
      Choices: [{ Variable: '$.key', StringMatches: 'uploads/*', Next: 'Split' }],
      Default: 'Not an upload',
    });
    expect(states['Split']!.Next).toBe('Planned?');
    expect(states['Planned?']!['Choices']).toEqual([
      { Variable: '$.kind', StringEquals: 'plan-ready', Next: 'Transcribe' },
      { Variable: '$.kind', StringEquals: 'windows-ready', Next: 'Cut windows' },
      { Variable: '$.kind', StringEquals: 'already-delivered', Next: 'Done' },
    ]);
    expect(states['Cut windows']!.Next).toBe('Join windows');
    // Joining may fail the job, too
    expect(states['Join windows']!.Next).toBe('Planned?');
    expect(states['Transcribe']!.Next).toBe('Merge');
    expect(states['Merge']!.Next).toBe('Delivered?');
  });

  it('reads the batches of the job from S3, and carries no results', () => {
    expect(states['Transcribe']).toMatchObject({
      ItemReader: { Parameters: { 'Key.$': "States.Format('jobs/{}/plan.json', $.jobId)" } },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
      MaxConcurrency: 12,
      ToleratedFailurePercentage: 30,
      ResultPath: null,
    });
  });

  it('offers a batch to the GPU with a token and a time limit, then to the CPU, then gives it up', () => {
    expect(batch.StartAt).toBe('GPU lane');
    expect(batch.States['GPU lane']).toMatchObject({
      TimeoutSeconds: 77,
      Parameters: { Payload: { kind: 'batch-offered', 'taskToken.$': '$$.Task.Token', 'batch.$': '$' } },
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.gpuFailure', Next: 'CPU lane' }],
      End: true,
    });
    expect(batch.States['CPU lane']).toMatchObject({ Catch: [{ Next: 'Batch lost' }], Next: 'Batch done?' });
    expect(batch.States['Batch done?']!['Default']).toBe('Batch lost');
    expect(batch.States['Batch lost']!.Type).toBe('Fail');
  });

  it('tells every failure before it fails', () => {
    for (const name of ['Split', 'Cut windows', 'Join windows', 'Transcribe', 'Merge']) {
      const [caught] = states[name]!.Catch!;
      expect(caught?.ResultPath, name).toBe('$.failure');
      expect(states[caught!.Next]!.Next, name).toBe('Fail job');
    }
    expect(states['Planned?']!['Default']).toBe('Fail job');
    expect(states['Delivered?']!['Default']).toBe('Fail job');
    expect(states['Fail job']!.Next).toBe('Failed');
    expect(states['Failed']).toMatchObject({ Type: 'Fail', ErrorPath: '$.code', CausePath: '$.reason' });
  });

  it('does not repeat what ran out of time', () => {
    for (const name of ['Split', 'Merge']) {
      const never = states[name]!.Retry!.find(({ ErrorEquals }) => ErrorEquals.includes('Sandbox.Timedout'));
      expect(never?.MaxAttempts, name).toBe(0);
    }
  });

  it('uses JSONPath alone, which every local AWS understands', () => {
    expect(JSON.stringify(states)).not.toContain('{%');
  });

  it('logs what happened but not what was said', () => {
    pipeline.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      LoggingConfiguration: Match.objectLike({ Level: 'ALL', IncludeExecutionData: false }),
      TracingConfiguration: { Enabled: true },
    });
  });

  it('starts at the CPU where there is no GPU', () => {
    const { ItemProcessor } = definitionOf(synthesize(cpuOnly).pipeline).States['Transcribe']!;
    expect(ItemProcessor?.StartAt).toBe('CPU lane');
    expect(Object.keys(ItemProcessor!.States)).not.toContain('GPU lane');
  });
});

describe('the rule on uploads', () => {
  const [rule] = Object.values(pipeline.findResources('AWS::Events::Rule'));
  const keys = rule?.['Properties'].EventPattern.detail.object.key as {
    suffix: { 'equals-ignore-case': string };
  }[];
  const starts = (name: string) =>
    keys.some(({ suffix }) => name.toLowerCase().endsWith(suffix['equals-ignore-case']));

  it.each(['uploads/a.mp3', 'uploads/2026/November/Interview.WAV', 'uploads/x.options.flac'])(
    'fires for %s',
    (key) => {
      expect(starts(key)).toBe(true);
    },
  );

  it.each(['uploads/a.mp3.options.json', 'uploads/notes.txt', 'transcripts/uploads/a.mp3.json'])(
    'does not fire for %s',
    (key) => {
      expect(starts(key)).toBe(false);
    },
  );

  it('has no wildcard, of which EventBridge takes few', () => {
    expect(JSON.stringify(rule)).not.toContain('wildcard');
  });

  it('makes a message of the event, and keeps what it could not deliver', () => {
    const [target] = rule!['Properties'].Targets;
    expect(target.InputTransformer.InputTemplate).toBe(
      '{"kind":"media-uploaded","key":<detail-object-key>,"etag":<detail-object-etag>,"sizeBytes":<detail-object-size>,"uploadedAt":<time>}',
    );
    expect(target.DeadLetterConfig.Arn).toBeDefined();
  });
});

it('has jobs failed whose execution was stopped, and keeps what cannot be told', () => {
  pipeline.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [{ Ref: Match.stringLikeRegexp('JobsMachine') }],
        status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
      },
    },
    Targets: [
      Match.objectLike({
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Aggregator'), 'Arn'] },
        DeadLetterConfig: Match.anyValue(),
      }),
    ],
  });
});
