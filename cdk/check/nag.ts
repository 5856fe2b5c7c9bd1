// node --import tsx cdk/check/nag.ts <output folder>: synthesizes with everything switched on and asks cdk-nag.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { createStacks } from '../create-stacks.ts';
import { readConfig } from '../read-config.ts';
import { acknowledged } from './acknowledged.ts';
import { fullSettings } from './full-settings.ts';

const [outdir = 'cdk.out'] = process.argv.slice(2);
const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));
// Bundles do not change the template
const app = new App({ outdir, context: { ...context, 'aws:cdk:bundling-stacks': [] } });
createStacks(app, readConfig(fullSettings));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
try {
  app.synth();
} catch {
  // Findings are in the report
}

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}
const { pluginReports }: Report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
const found = pluginReports.flatMap(({ violations }) =>
  violations.flatMap(({ ruleName, violatingConstructs }) =>
    violatingConstructs.map(({ constructPath }) => `${constructPath} ${ruleName}`),
  ),
);
const matches = (finding: string, { at, rule }: (typeof acknowledged)[number]) =>
  finding.startsWith(`${fullSettings.name}-${at}`) && rule.test(finding);
const open = found.filter((finding) => !acknowledged.some((one) => matches(finding, one)));
const stale = acknowledged.filter((one) => !found.some((finding) => matches(finding, one)));
for (const finding of open) console.error(`not acknowledged: ${finding}`);
for (const { at, rule } of stale) console.error(`acknowledged, but not found any more: ${at} ${rule}`);
console.log(`cdk-nag: ${found.length} findings, ${open.length} of them not acknowledged`);
process.exitCode = open.length + stale.length === 0 ? 0 : 1;
