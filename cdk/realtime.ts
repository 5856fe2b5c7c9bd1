import { Duration, Size } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { GatekeeperEnv } from '../functions/gatekeeper/env.ts';
import type { ListenerEnv } from '../functions/listener/env.ts';
import { type CallerLimits, callerEnvironment } from './caller-environment.ts';
import { Door, type DoorSettings } from './door.ts';
import { FileLayer } from './file-layer.ts';
import { grantItems } from './grant-items.ts';
import { itemTable } from './item-table.ts';
import { layerPaths, voiceParts } from './layer-parts.ts';
import { type SocketGateway, socketGateway } from './socket-gateway.ts';
import { type Signs, watch } from './watch.ts';

export interface RealtimeProps extends DoorSettings {
  /** The API's: keys, limits and budgets. */
  readonly table: Table;
  readonly engineLayer: FileLayer;
  readonly modelLayer: FileLayer;
  /** Of models/artifacts. */
  readonly model: string;
  /** Of each listener. Lambda gives one core per 1,769 MB. */
  readonly memory: Size;
  readonly signs: Signs;
  readonly authentication: 'keys' | 'iam';
  readonly callerLimits: CallerLimits;
  /** Of all clients together. @default 500: 50 streams that send ten a second */
  readonly messagesPerSecond?: number;
  /** @default DynamoDB's own key */
  readonly encryptionKey?: IKey | undefined;
}

/**
 * Live transcription: a gatekeeper lets clients in and keeps what they send, and a listener of each client's own reads it,
 * hears it as `murmuration serve` does, and answers.
 */
export class Realtime extends Construct {
  readonly gateway: SocketGateway;
  readonly gatekeeper: Door;
  readonly listener: Door;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: RealtimeProps) {
    super(scope, id);
    const {
      table,
      model,
      memory,
      signs,
      authentication,
      callerLimits,
      encryptionKey,
      engineLayer,
      modelLayer,
      ...settings
    } = props;
    // What clients say, until it is heard
    const messages = itemTable(this, 'Messages', {
      encryptionKey,
      isKept: { why: 'what people say shall be in no backup' },
    });
    const shared = {
      TABLE: table.tableName,
      MESSAGES_TABLE: messages.tableName,
      AUTHENTICATION: authentication === 'keys' ? ('keys' as const) : ('gateway' as const),
    };
    this.gatekeeper = new Door(this, 'Gatekeeper', {
      ...settings,
      door: 'gatekeeper',
      description: 'lets clients of live transcription in, and keeps what they send',
      memory: Size.mebibytes(512),
      // API Gateway waits no longer
      timeout: Duration.seconds(29),
      environment: {
        ...shared,
        ...callerEnvironment(authentication, callerLimits),
      } satisfies Omit<GatekeeperEnv, 'LISTENER' | 'CONNECTIONS_URL'>,
    });
    this.gateway = socketGateway(this, 'Gateway', {
      name: signs.name,
      gatekeeper: this.gatekeeper,
      authentication,
      messagesPerSecond: props.messagesPerSecond ?? 500,
      logRetention: settings.logRetention,
    });
    const { callbackUrl: CONNECTIONS_URL } = this.gateway.stage;
    const voiceLayer = new FileLayer(this, 'VoiceLayer', voiceParts(), 'hears voices');
    this.listener = new Door(this, 'Listener', {
      ...settings,
      door: 'listener',
      description: 'hears one live stream and answers it',
      memory,
      // Lambda's longest; then another one goes on
      timeout: Duration.minutes(15),
      layers: [engineLayer, modelLayer, voiceLayer],
      environment: {
        ...shared,
        CONNECTIONS_URL,
        MODEL_FOLDER: layerPaths.modelFolder(model),
        MEDIA_FOLDER: layerPaths.mediaFolder,
      } satisfies ListenerEnv,
    });
    const rest = { LISTENER: this.listener.functionName, CONNECTIONS_URL } satisfies Partial<GatekeeperEnv>;
    for (const [name, value] of Object.entries(rest)) this.gatekeeper.addEnvironment(name, value);
    this.allow(table, messages);
    // Both tables have it
    for (const door of [this.gatekeeper, this.listener]) encryptionKey?.grantEncryptDecrypt(door);
    // A stream that was not begun within a minute is stale, and one that broke off is not heard again from its start
    this.listener.configureAsyncInvoke({
      maxEventAge: Duration.minutes(1),
      retryAttempts: 0,
      onFailure: { bind: () => ({ destination: this.gatekeeper.functionArn }) },
    });
    this.alarms = [
      watch(this, signs, {
        heading: 'realtime-failing',
        reason: 'A listener broke off 3 times within 5 minutes: none ever should, people lose words.',
        metric: this.listener.metricErrors({ period: Duration.minutes(5) }),
        threshold: 3,
      }),
    ];
  }

  private allow(table: Table, messages: Table): void {
    const { gatekeeper, listener } = this;
    const accounts = {
      'key#': ['dynamodb:GetItem'],
      'usage#': ['dynamodb:UpdateItem'],
      'held#': ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
    } as const;
    grantItems(table, gatekeeper, { ...accounts, 'streams#': ['dynamodb:PutItem', 'dynamodb:UpdateItem'] });
    messages.grant(gatekeeper, 'dynamodb:PutItem');
    grantItems(table, listener, { ...accounts, 'streams#': ['dynamodb:UpdateItem'] });
    messages.grant(listener, 'dynamodb:PutItem', 'dynamodb:Query');
    for (const method of ['POST', 'DELETE']) {
      const arn = this.gateway.api.arnForExecuteApiV2(
        `${method}/@connections/*`,
        this.gateway.stage.stageName,
      );
      listener.addToRolePolicy(
        new PolicyStatement({ actions: ['execute-api:ManageConnections'], resources: [arn] }),
      );
      gatekeeper.addToRolePolicy(
        new PolicyStatement({ actions: ['execute-api:ManageConnections'], resources: [arn] }),
      );
    }
    // Not in the roles' own policies: functions wait for those, and these wait for functions
    const invoke = (id: string, from: Door, to: readonly Door[]) =>
      new Policy(this, id, {
        roles: [from.role!],
        statements: [
          new PolicyStatement({
            actions: ['lambda:InvokeFunction'],
            resources: to.map(({ functionArn }) => functionArn),
          }),
        ],
      });
    invoke('BeginListening', gatekeeper, [listener]);
    invoke('GoOnListening', listener, [listener, gatekeeper]);
  }
}
