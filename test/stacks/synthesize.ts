import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { fullSettings } from '../../cdk/check/full-settings.ts';
import { createStacks } from '../../cdk/create-stacks.ts';
import { readConfig } from '../../cdk/read-config.ts';
import type { TranscriptionScopes } from '../../cdk/transcription-props.ts';

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

/** An app with the flags of cdk.json that bundles nothing: bundles do not change templates. */
export function testApp(): App {
  return new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
}

/** The templates of everything switched on, but for `settings`; undefined switches a setting back to its default. */
export function synthesize(
  settings: Readonly<Record<string, unknown>> = {},
): Record<keyof TranscriptionScopes | 'api', Template> {
  const wanted = Object.entries({ ...fullSettings, ...settings }).filter(([, value]) => value !== undefined);
  const stacks = createStacks(testApp(), readConfig(Object.fromEntries(wanted)));
  return {
    storage: Template.fromStack(stacks.storage),
    inference: Template.fromStack(stacks.inference),
    pipeline: Template.fromStack(stacks.pipeline),
    observability: Template.fromStack(stacks.observability),
    // Without an API, an empty one
    api: stacks.api === undefined ? Template.fromJSON({}) : Template.fromStack(stacks.api),
  };
}

/** The settings that leave the CPU lane alone. */
export const cpuOnly = { gpu: 'off', gpuImage: undefined } as const;

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts: number }[];
  readonly Catch?: readonly { readonly Next: string; readonly ResultPath: string | null }[];
  readonly ItemProcessor?: { readonly StartAt: string; readonly States: Readonly<Record<string, State>> };
  readonly [field: string]: unknown;
}
export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** The state machine's definition, with `aws` for what is known only once it is deployed. */
export function definitionOf(pipeline: Template): Definition {
  const [machine] = Object.values(pipeline.findResources('AWS::StepFunctions::StateMachine'));
  const [, parts] = machine!['Properties'].DefinitionString['Fn::Join'] as [string, unknown[]];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'aws')).join(''));
}
