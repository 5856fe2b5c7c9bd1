import { App } from 'aws-cdk-lib';
import { createStacks } from './create-stacks.ts';
import { readConfig } from './read-config.ts';

const app = new App();
createStacks(app, readConfig(app.node.getAllContext()));
app.synth();
