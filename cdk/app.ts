import { App } from 'aws-cdk-lib';
import { createStacks } from './create-stacks.ts';
import { readConfig } from './read-config.ts';
import { SettingError } from './setting-error.ts';

const app = new App();
try {
  createStacks(app, readConfig(app.node.getAllContext()));
  app.synth();
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
