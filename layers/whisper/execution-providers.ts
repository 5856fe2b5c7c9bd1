import type { InferenceSession } from 'onnxruntime-node';

/** Where a graph runs; each leaves to those after it what it cannot run itself. */
export type Provider = 'cpu' | 'cuda' | 'tensorrt';

type ProviderConfig = InferenceSession.ExecutionProviderConfig;

/**
 * Everything that onnxruntime is told of each provider. The binding for Node passes on the device alone (1.30,
 * session_options_helper.cc): memory limits and TensorRT's precision, shapes and caches cannot be given here, nor in
 * ORT_TENSORRT_ variables, which are read only where no options are passed. So engines are built ahead and come as a graph
 * with an EPContext node: tensorrt-session.ts.
 */
const configs = {
  cpu: () => ['cpu'],
  cuda: (deviceId) => [{ name: 'cuda', deviceId }],
  tensorrt: (deviceId) => [
    { name: 'tensorrt', deviceId },
    { name: 'cuda', deviceId },
  ],
} as const satisfies Record<Provider, (deviceId: number) => readonly ProviderConfig[]>;

/** Environment variables that onnxruntime reads when a provider starts; one that a person has set stays. */
const gpuEnvironment = {
  // cuDNN builds a kernel for every shape, and each step of the loop has another: 4.6 s instead of 0.4 s for the first run
  ORT_ENABLE_CUDNN_FLASH_ATTENTION: '0',
  // Count GPUs as nvidia-smi does, not the fastest first
  CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
};
const environments: Readonly<Record<Provider, Readonly<Record<string, string>>>> = {
  cpu: {},
  cuda: gpuEnvironment,
  tensorrt: gpuEnvironment,
};

/** `deviceId` counts the GPUs that this process may see, from 0. */
export function executionProviders(providers: readonly Provider[], deviceId = 0): ProviderConfig[] {
  for (const provider of providers) {
    for (const [name, value] of Object.entries(environments[provider])) process.env[name] ??= value;
  }
  return providers.flatMap((provider) => [...configs[provider](deviceId)]);
}
