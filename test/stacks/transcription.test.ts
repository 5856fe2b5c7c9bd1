import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { Transcription } from '../../cdk/transcription.ts';
import { testApp } from './synthesize.ts';

describe('Transcription in an app of somebody else', () => {
  const stack = new Stack(testApp(), 'Theirs');
  const transcription = new Transcription(stack, 'Transcription', {
    name: 'theirs',
    uploadSuffixes: ['.mp3'],
  });
  const role = new Role(stack, 'Reporter', { assumedBy: new AccountRootPrincipal() });
  transcription.grantUpload(role);
  transcription.grantReadTranscripts(role);
  const template = Template.fromStack(stack);

  it('is one construct in one stack, with nothing to set', () => {
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 1);
    template.resourceCountIs('AWS::Lambda::Function', 3);
    template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'theirs' });
  });

  it('keeps its metrics apart from those of another kit', () => {
    template.allResourcesProperties('AWS::Lambda::Function', {
      Environment: { Variables: { METRICS_NAMESPACE: 'Murmuration/theirs' } },
    });
  });

  it('grants uploading and reading transcripts, and no more', () => {
    const [policy] = Object.entries(template.findResources('AWS::IAM::Policy'))
      .filter(([name]) => name.startsWith('Reporter'))
      .map(
        ([, found]) =>
          found['Properties'].PolicyDocument.Statement as { Action: unknown; Resource: unknown }[],
      );
    expect(policy?.flatMap(({ Action }) => Action)).toEqual(
      expect.arrayContaining(['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject', 's3:ListBucket']),
    );
    const text = JSON.stringify(policy);
    expect(text).toContain('/uploads/*');
    expect(text).toContain('/transcripts/*');
    expect(text).not.toContain('/jobs/');
  });
});
