import { spawn } from 'node:child_process';
import { writeNote } from '../report-failure.ts';

/** What opens an address as a click would. */
const openers: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  // Its first word in quotes would be a title
  win32: ['cmd', '/c', 'start', ''],
};

/** Opens the page in the browser of whoever started the server; where there is none, it says the address. */
export function openPage(url: string): void {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => writeNote(`no browser could be opened (${command}): go to ${url}`));
  child.on('exit', (code) => {
    if (code !== 0) writeNote(`no browser could be opened (${command}): go to ${url}`);
  });
  // It may stay as long as the browser does
  child.unref();
}
