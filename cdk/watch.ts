import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarmRule,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/** How alarms of one deployment are called, and where their runbook is. */
export interface Signs {
  /** Begins the name of every alarm. */
  readonly name: string;
  /** Its headings are the alarms' names. */
  readonly runbookUrl: string;
}

export interface Watched {
  /** In kebab case; with a heading of the same words in the runbook. */
  readonly heading: string;
  /** What it means and why the threshold is this one. Ends with a full stop. */
  readonly reason: string;
  readonly metric: IMetric;
  /** Reached: alarm. */
  readonly threshold: number;
  /** So many periods of the metric in a row. @default 1 */
  readonly periods?: number;
}

/** An alarm with a name, a reason and the link to what to do. No data is good: an idle kit sends none. */
export function watch(scope: Construct, signs: Signs, watched: Watched): Alarm {
  const { heading, metric, threshold, periods = 1 } = watched;
  return new Alarm(scope, pascalCase(heading), {
    alarmName: `${signs.name}-${heading}`,
    alarmDescription: description(signs, watched),
    metric,
    threshold,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}

/** An alarm that says what several alarms mean together. */
export function watchTogether(
  scope: Construct,
  signs: Signs,
  watched: Pick<Watched, 'heading' | 'reason'> & { readonly all: readonly IAlarmRule[] },
): CompositeAlarm {
  return new CompositeAlarm(scope, pascalCase(watched.heading), {
    compositeAlarmName: `${signs.name}-${watched.heading}`,
    alarmDescription: description(signs, watched),
    alarmRule: AlarmRule.allOf(...watched.all),
  });
}

function description(
  { runbookUrl }: Signs,
  { reason, heading }: Pick<Watched, 'reason' | 'heading'>,
): string {
  return `${reason} What to do: ${runbookUrl}#${heading}`;
}

function pascalCase(heading: string): string {
  return heading.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}
