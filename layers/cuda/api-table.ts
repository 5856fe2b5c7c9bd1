/**
 * Places of the functions in onnxruntime's `OrtApi` (onnxruntime_c_api.h), and their arguments. The struct only ever grows at
 * its end, so the places of API 24 hold for every later library.
 */
export const API_VERSION = 24;

/** The library that this was run with. */
export const LIBRARY_VERSION = '1.30.0';

/** They return an OrtStatus, which is null where all is well. A last `out` takes a new handle. */
export const fallible = {
  CreateEnv: [3, 'int', 'str', 'out'],
  DisableTelemetryEvents: [6, 'handle'],
  CreateSession: [7, 'handle', 'str', 'handle', 'out'],
  CreateSessionOptions: [10, 'out'],
  SetSessionExecutionMode: [13, 'handle', 'int'],
  DisableMemPattern: [17, 'handle'],
  SetSessionLogSeverityLevel: [22, 'handle', 'int'],
  SetIntraOpNumThreads: [24, 'handle', 'int'],
  SetInterOpNumThreads: [25, 'handle', 'int'],
  SessionGetInputCount: [30, 'handle', 'out'],
  SessionGetOutputCount: [31, 'handle', 'out'],
  SessionGetInputTypeInfo: [33, 'handle', 'size_t', 'out'],
  SessionGetInputName: [36, 'handle', 'size_t', 'handle', 'out'],
  SessionGetOutputName: [37, 'handle', 'size_t', 'handle', 'out'],
  CreateRunOptions: [39, 'out'],
  CreateTensorWithDataAsOrtValue: [49, 'handle', 'handle', 'size_t', 'handle', 'size_t', 'int', 'out'],
  GetTensorMutableData: [51, 'handle', 'out'],
  CastTypeInfoToTensorInfo: [55, 'handle', 'out'],
  GetTensorElementType: [60, 'handle', 'handle'],
  GetDimensionsCount: [61, 'handle', 'out'],
  GetDimensions: [62, 'handle', 'handle', 'size_t'],
  GetSymbolicDimensions: [63, 'handle', 'handle', 'size_t'],
  GetTensorTypeAndShape: [65, 'handle', 'out'],
  CreateMemoryInfo: [68, 'str', 'int', 'int', 'int', 'out'],
  AllocatorFree: [76, 'handle', 'handle'],
  GetAllocatorWithDefaultOptions: [78, 'out'],
  AddSessionConfigEntry: [130, 'handle', 'str', 'str'],
  RunWithBinding: [133, 'handle', 'handle', 'handle'],
  CreateIoBinding: [134, 'handle', 'out'],
  BindInput: [136, 'handle', 'str', 'handle'],
  BindOutput: [137, 'handle', 'str', 'handle'],
  BindOutputToDevice: [138, 'handle', 'str', 'handle'],
  GetBoundOutputValues: [140, 'handle', 'handle', 'handle', 'handle'],
  AddInitializer: [150, 'handle', 'str', 'handle'],
  AddRunConfigEntry: [165, 'handle', 'str', 'str'],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'handle', 'handle'],
  CreateCUDAProviderOptions: [205, 'out'],
  UpdateCUDAProviderOptions: [206, 'handle', 'strings', 'strings', 'size_t'],
  Session_GetEpGraphAssignmentInfo: [407, 'handle', 'handle', 'handle'],
  EpAssignedSubgraph_GetEpName: [408, 'handle', 'out'],
  EpAssignedSubgraph_GetNodes: [409, 'handle', 'handle', 'handle'],
  EpAssignedNode_GetName: [410, 'handle', 'out'],
  EpAssignedNode_GetOperatorType: [412, 'handle', 'out'],
} as const satisfies Readonly<Record<string, readonly [number, ...Kind[]]>>;

/** They cannot fail. */
export const releases = {
  ReleaseEnv: 92,
  ReleaseStatus: 93,
  ReleaseMemoryInfo: 94,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseRunOptions: 97,
  ReleaseTypeInfo: 98,
  ReleaseTensorTypeAndShapeInfo: 99,
  ReleaseSessionOptions: 100,
  ReleaseIoBinding: 135,
  ReleaseCUDAProviderOptions: 208,
} as const;

export const GET_ERROR_MESSAGE = 2;
/** The longest of them. */
export const TABLE_LENGTH = 413;

export type Kind = 'handle' | 'int' | 'size_t' | 'str' | 'strings' | 'out';
export type Fallible = keyof typeof fallible;
export type Release = keyof typeof releases;
