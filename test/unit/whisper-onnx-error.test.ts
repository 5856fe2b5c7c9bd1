import { onnxError } from '@murmuration/whisper/onnx-error';
import { expect, it } from 'vitest';

it.each([
  'Non-zero status code returned while running MatMul node. Failed to allocate memory for requested buffer of size 123',
  'CUDA failure 2: out of memory ; GPU=0',
  'std::bad_alloc',
  'bfc_arena.cc:376 Available memory of 1 is smaller than requested bytes of 2',
])('offers another try where memory ran out: %s', (message) => {
  const error = onnxError(new Error(message), 'transcribing 4 segments');
  expect(error).toMatchObject({
    code: 'out-of-memory',
    retryable: true,
    details: { doing: 'transcribing 4 segments' },
  });
  expect(error.message).toMatch(/^out of memory while transcribing 4 segments: use a smaller batch/);
});

it.each([
  'CUDA failure 700: an illegal memory access was encountered',
  'CUDA error cudaErrorIllegalAddress:an illegal memory access',
  'CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=here ; expr=cudaStreamSynchronize(stream)',
  'CUDA failure 710: device-side assert triggered',
  'CUDA failure 716: misaligned address',
  'CUDA failure 214: uncorrectable ECC error encountered',
  'CUDA failure 999: unknown error',
  'CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED',
])('says that the process is lost: %s', (message) => {
  expect(onnxError(new Error(message), 'transcribing')).toMatchObject({
    code: 'internal',
    details: { fatal: true },
  });
});

it.each(['CUDA failure 1: invalid argument', 'CUDA failure 7000: no such number', 'running node 700 failed'])(
  'does not give a device up for what concerns one run: %s',
  (message) => {
    expect(onnxError(new Error(message), 'transcribing').details).not.toHaveProperty('fatal');
  },
);

it('passes other words on, the first line of them', () => {
  const cause = new Error('Invalid rank for input: pcm\n at somewhere');
  expect(onnxError(cause, 'transcribing 1 segments')).toMatchObject({
    code: 'internal',
    message: 'onnxruntime failed while transcribing 1 segments: Invalid rank for input: pcm',
    cause,
  });
});

it('keeps the beginning and the end of what is long: the node, and what CUDA said', () => {
  const node = 'Non-zero status code returned while running GroupQueryAttention node.';
  const cuda =
    'CUDA failure 900: operation not permitted when stream is capturing ; GPU=1 ; expr=cudaMalloc(p, n);';
  const { message } = onnxError(
    new Error(`${node} ${'std::conditional_t<THRW> '.repeat(50)}${cuda}\n at x`),
    'so',
  );
  expect(message.startsWith(`onnxruntime failed while so: ${node}`)).toBe(true);
  expect(message.endsWith(cuda)).toBe(true);
  expect(message.length).toBeLessThan(600);
});
