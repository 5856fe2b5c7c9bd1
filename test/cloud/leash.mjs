// Runs a command and ends it, with all that it started, when standard input closes: the system closes it also when
// the process that held the other end crashed or was killed. Usage: node leash.mjs <command> <argument>...
import { spawn } from 'node:child_process';

const graceMilliseconds = 4_000;
const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });

const signalGroup = (signal) => {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
};
const end = () => {
  signalGroup('SIGTERM');
  setTimeout(() => signalGroup('SIGKILL'), graceMilliseconds);
};

process.stdin.on('end', end).on('error', end).resume();
process.on('SIGTERM', end);
// Ctrl-C reaches the whole terminal: who holds the leash decides what to do.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});

child.on('error', (error) => {
  console.error(error.code === 'ENOENT' ? `there is no ${command} on PATH: install it` : String(error));
  process.exit(1);
});
child.on('exit', (code) => {
  signalGroup('SIGKILL');
  process.exit(code ?? 1);
});
