import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesize } from './synthesize.ts';

const runbook = readFileSync(new URL('../../cdk/README.md', import.meta.url), 'utf8');
const headings = [...runbook.matchAll(/^#+ ([a-z-]+)$/gm)].map(([, heading]) => heading!);
const templates = Object.values(synthesize());
const alarms = templates.flatMap((template) =>
  ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
    Object.values(template.findResources(type)).map(({ Properties }) => ({
      name: Properties.AlarmName as string,
      description: Properties.AlarmDescription as string,
      actions: JSON.stringify(Properties.AlarmActions ?? []),
      missing: Properties.TreatMissingData as string | undefined,
    })),
  ),
);
const named = alarms.map(({ name }) => name.replace('murmuration-', ''));

describe('alarms', () => {
  it('watch what the kit promises', () => {
    expect(named.sort()).toEqual([
      'api-failing',
      'api-throttled',
      'backlog-age',
      'cache-errors',
      'cpu-lane-carries',
      'dead-letters',
      'gpu-cold',
      'gpu-failing',
      'gpu-fallbacks',
      'jobs-failing',
      'queue-wait',
      'realtime-failing',
      'segment-latency',
      'transcripts-with-gaps',
      'webhooks-undelivered',
    ]);
  });

  it.each(alarms)('$name gives its reason and a paragraph of the runbook', ({ name, description }) => {
    const [, reason, anchor] = /^(.+\.) What to do: cdk\/README\.md#([a-z-]+)$/.exec(description) ?? [];
    expect(reason).toBeDefined();
    expect(name).toBe(`murmuration-${anchor}`);
    expect(headings).toContain(anchor);
  });

  it('have no paragraph that no alarm needs', () => {
    const paragraphs = runbook.slice(runbook.indexOf('## Runbook'), runbook.indexOf('## Cost'));
    expect([...paragraphs.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!).sort()).toEqual(
      named.sort(),
    );
  });

  it('are told by e-mail, but for those that are normal for a minute', () => {
    const silent = alarms.filter(({ actions }) => !/Alarms/.test(actions)).map(({ name }) => name);
    expect(silent.sort()).toEqual(['murmuration-gpu-cold', 'murmuration-gpu-fallbacks']);
  });

  it('may publish to the topic of the e-mail', () => {
    const { storage } = synthesize();
    storage.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' } }),
        ]),
      }),
    });
  });

  it('stay quiet while the kit is idle', () => {
    expect(alarms.filter(({ missing }) => missing !== undefined && missing !== 'notBreaching')).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('shows work, latency, failures, cache and cost', () => {
    const body = templates
      .map((template) => JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard')))
      .join('');
    for (const metric of [
      'Batches',
      'SegmentLatency',
      'SegmentsEscalated',
      'QueueWait',
      'GpuFallbacks',
      'CacheHits',
      'AudioSeconds',
      'EstimatedCost',
    ]) {
      expect(body).toContain(`\\"${metric}\\"`);
    }
  });
});
