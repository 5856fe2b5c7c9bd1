/** A finding of cdk-nag that stands, and why. Each must be found, so that no excuse outlives its fault. */
export interface Acknowledged {
  /** Start of the construct's path, after the deployment's name. */
  readonly at: string;
  readonly rule: RegExp;
  readonly reason: string;
}

const xray = (at: string): Acknowledged => ({
  at,
  rule: /IAM5\[Resource::\*\]$/,
  reason: 'tracing: X-Ray knows no resources, its two actions can only be allowed for all',
});
const objects = (at: string, prefix: string, reason: string): Acknowledged => ({
  at,
  rule: new RegExp(`IAM5\\[Resource::[^/]*/${prefix.replaceAll('*', '\\*')}\\*\\]$`),
  reason,
});
const removed = (at: string): Acknowledged =>
  objects(at, 'removed/', 'looks whether its job was removed, whatever job it is');
const invoke = (door: string, at = 'pipeline/Jobs/Machine/Role'): Acknowledged => ({
  at,
  rule: new RegExp(`IAM5\\[Resource::<?[^>]*${door}[^>]*>?:\\*\\]$`),
  reason: 'CDK lets the state machine call all versions of a function; the machine names none but the latest',
});

export const acknowledged: readonly Acknowledged[] = [
  xray('inference/CpuLane/Function'),
  objects('inference/CpuLane/Function', 'jobs/', 'reads the audio of whatever job its batch is of'),
  objects('inference/CpuLane/Function', 'jobs/*/batches/', 'writes results, of any job, nothing else'),
  removed('inference/CpuLane/Function'),
  {
    at: 'inference/GpuEndpoint/Role',
    rule: /IAM5\[Resource::\*\]$/,
    reason: 'ecr:GetAuthorizationToken knows no resources; pulling is allowed for the one repository',
  },
  {
    at: 'inference/GpuEndpoint/Role',
    rule: /IAM5\[Resource::arn:.*log-group:.aws.sagemaker.Endpoints.murmuration-gpu:\*\]$/,
    reason: 'streams of its own log group, which SageMaker names after instances',
  },
  objects('inference/GpuEndpoint/Role', 'jobs/', 'reads the audio of whatever job its batch is of'),
  objects('inference/GpuEndpoint/Role', 'async/out/', 'SageMaker chooses the names of answers'),
  objects('inference/GpuEndpoint/Role', 'async/failed/', 'SageMaker chooses the names of failures'),
  xray('pipeline/GpuLane/Dispatcher'),
  objects('pipeline/GpuLane/Dispatcher', 'jobs/*/tokens/', 'keeps task tokens, of any job, nothing else'),
  removed('pipeline/GpuLane/Dispatcher'),
  xray('pipeline/GpuLane/Callback'),
  removed('pipeline/GpuLane/Callback'),
  objects('pipeline/GpuLane/Callback', 'jobs/*/tokens/', 'reads task tokens of any job'),
  objects(
    'pipeline/GpuLane/Callback',
    'jobs/*/status.json',
    'looks whether its job goes on, whatever job it is',
  ),
  objects('pipeline/GpuLane/Callback', 'jobs/*/batches/', 'writes results, of any job, nothing else'),
  objects('pipeline/GpuLane/Callback', 'async/out/', 'SageMaker chooses the names of answers'),
  objects('pipeline/GpuLane/Callback', 'async/failed/', 'SageMaker chooses the names of failures'),
  xray('pipeline/Splitter'),
  removed('pipeline/Splitter'),
  objects('pipeline/Splitter', 'uploads/', 'reads whatever is uploaded'),
  objects('pipeline/Splitter', 'jobs/', 'makes the working files of any job'),
  objects(
    'pipeline/Splitter',
    'transcripts/',
    'looks whether an upload was delivered, and writes its status',
  ),
  xray('pipeline/Aggregator'),
  removed('pipeline/Aggregator'),
  objects('pipeline/Aggregator', 'jobs/', 'reads results and writes reports of any job'),
  objects('pipeline/Aggregator', 'transcripts/', 'delivers transcripts of any upload'),
  {
    at: 'pipeline/Jobs/Machine/Role',
    rule: /IAM5\[Resource::\*\]$/,
    reason: 'logs and tracing: neither delivery of logs nor X-Ray knows resources',
  },
  {
    at: 'pipeline/Jobs/Machine/Role',
    rule: /IAM5\[Resource::arn:[^\]]*:s3:::[^\]]*\/\*\]$/,
    reason: 'the distributed map reads plan.json of any job; CDK grants reading the whole bucket and no less',
  },
  invoke('Aggregator'),
  invoke('Dispatcher'),
  invoke('Splitter'),
  invoke('CpuLaneFunction'),
  {
    at: 'pipeline/Jobs/Machine/DistributedMapPolicy',
    rule: /IAM5\[Resource::arn:.*:execution:[^\]]*\]\}\]\}:\*\]$/,
    reason: 'a distributed map describes and stops its own executions, whose names Step Functions makes',
  },
  {
    at: 'pipeline/Jobs/Machine/DistributedMapPolicy',
    rule: /IAM5\[Resource::arn:.*\/batches:\*\]$/,
    reason: 'a distributed map redrives the executions of its own map runs, whose names Step Functions makes',
  },
  xray('pipeline/Webhooks/Door'),
  objects(
    'pipeline/Webhooks/Door',
    'uploads/',
    'reads what was chosen beside any upload, which says where to',
  ),
  xray('api/Api/Door'),
  objects('api/Api/Door', 'uploads/', 'reads what it took, and what an owner put there by other ways'),
  objects('api/Api/Door', 'uploads/api/', 'takes recordings of any owner, and removes them'),
  objects('api/Api/Door', 'jobs/', 'says how any job stands, and removes it'),
  objects('api/Api/Door', 'transcripts/', 'answers the transcript of any job'),
  objects('api/Api/Door', 'transcripts/uploads/api/', 'removes transcripts of its own jobs'),
  objects('api/Api/Door', 'async/out/', 'removes what the endpoint answered for its own jobs'),
  objects('api/Api/Door', 'removed/', 'says which of its jobs were removed'),
  xray('api/Api/Removal/Door'),
  objects('api/Api/Removal/Door', 'uploads/api/', 'removes recordings of jobs of the API'),
  objects('api/Api/Removal/Door', 'jobs/', 'removes the working files of jobs of the API'),
  objects(
    'api/Api/Removal/Door',
    'transcripts/uploads/api/',
    'reads and removes what was delivered of jobs of the API',
  ),
  objects('api/Api/Removal/Door', 'async/out/', 'removes what the endpoint answered for jobs of the API'),
  {
    at: 'api/Api/Removal/Machine/Role',
    rule: /IAM5\[Resource::\*\]$/,
    reason: 'logs and tracing: neither delivery of logs nor X-Ray knows resources',
  },
  invoke('Removal', 'api/Api/Removal/Machine/Role'),
  {
    at: 'api/Api/Door',
    rule: /IAM5\[Resource::arn:.*:execution:.*\]$/,
    reason: 'stops jobs that their owners remove; their executions are named after them',
  },
  xray('api/Api/Bookkeeper/Door'),
  xray('api/Api/Realtime/Gatekeeper'),
  xray('api/Api/Realtime/Listener'),
  {
    at: 'api/Api/Realtime/Gatekeeper',
    rule: /IAM5\[Resource::arn:.*@connections\/\*\]$/,
    reason: 'tells and closes connections, whose names API Gateway makes',
  },
  {
    at: 'api/Api/Realtime/Listener',
    rule: /IAM5\[Resource::arn:.*@connections\/\*\]$/,
    reason: 'answers and closes connections, whose names API Gateway makes',
  },
  {
    at: 'api/Api/Realtime/Messages',
    rule: /-DDB3$/,
    reason: 'holds what people say until it is heard: it shall be in no backup',
  },
  {
    at: 'api/Api/Realtime/Gateway',
    rule: /-APIG4$/,
    reason: 'API Gateway asks at $connect alone; with api=keys the function checks keys there',
  },
  {
    at: 'api/Api/Gateway/Resource',
    rule: /-APIG2$/,
    reason: 'the function checks requests by the schemas that /openapi.json shows, and says what is wrong',
  },
  {
    at: 'api/Api/Gateway/CloudWatchRole',
    rule: /IAM4\[/,
    reason: 'the role by which API Gateway writes logs is the account’s, and AWS’s policy is the one for it',
  },
  {
    at: 'api/Api/Gateway/DeploymentStage',
    rule: /-APIG6$/,
    reason: 'execution logs hold headers and bodies: keys and what people said. access logs have neither',
  },
  {
    at: 'api/Api/Gateway/DeploymentStage',
    rule: /-APIG3$/,
    reason: 'a firewall costs while idle; requests are throttled, and each key has a limit of its own',
  },
  {
    at: 'api/Api/Gateway/Default',
    rule: /-(APIG4|COG4)$/,
    reason:
      'with api=keys the function checks keys, as OpenAI’s clients send them; iam and jwt ask the gateway',
  },
];
