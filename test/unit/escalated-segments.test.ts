import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { evaluateRecording, summarize } from '@murmuration/pipeline/evaluation/evaluation';
import { meterBatch } from '@murmuration/pipeline/jobs/meter-batch';
import type { RecordingTranscribed } from '@murmuration/pipeline/steps/transcribe-recording';
import { expect, it } from 'vitest';
import { evaluationTable } from '../../functions/cli/eval/evaluation-table.ts';
import { jsonLine, reportLine } from '../../functions/cli/json-line.ts';
import { segmentOf, transcriptOf } from './factories/transcript.ts';

const segments = [
  segmentOf(),
  segmentOf({ startSeconds: 10, endSeconds: 20, model: 'whisper-large' }),
  segmentOf({ startSeconds: 20, endSeconds: 30 }),
];
const recording = {
  transcript: transcriptOf({ segments }),
  media: {} as RecordingTranscribed['media'],
  warnings: [],
  findings: [],
  cached: 0,
};

it('is counted in a line of JSON, and named in the report', () => {
  expect(JSON.parse(jsonLine('a.wav', recording, 1))).toMatchObject({ segments: 3, escalated: 1 });
  expect(JSON.parse(reportLine('a.wav', recording))).toMatchObject({
    model: 'whisper-tiny.en-int8',
    escalated: [{ model: 'whisper-large', startSeconds: 10, endSeconds: 20 }],
  });
});

it('is counted by eval', () => {
  const evaluated = evaluateRecording({ file: 'a.wav', text: 'hello', language: 'en' }, recording, 1);
  const summary = summarize('whisper-tiny.en-int8', [evaluated, evaluated], []);
  expect(summary).toMatchObject({ segments: 6, escalated: 2 });
  expect(evaluationTable([evaluated], summary)).toContain(
    '2 of 6 segments were written by another model of the ladder\n',
  );
});

it('is a metric of its lane', () => {
  const added: unknown[][] = [];
  const result: Pick<BatchResult, 'lane' | 'transcripts' | 'cached' | 'segmentSeconds'> = {
    lane: 'cpu',
    transcripts: segments,
    cached: 0,
    segmentSeconds: [1, 1, 1],
  };
  meterBatch(result as BatchResult, { add: (...metric) => added.push(metric) });
  expect(added).toContainEqual(['SegmentsEscalated', 1, 'Count', { lane: 'cpu' }]);
});
