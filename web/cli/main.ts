// The command line: finds the command, reads its flags, turns errors into messages and exit statuses.
// Exit status: 0 fine, 1 something failed, 2 wrong usage.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InsituError } from '../src/errors.js';
import { bench } from './bench.js';
import { UsageError } from './command.js';
import type { Command } from './command.js';
import { copy } from './copy.js';
import { doctor } from './doctor.js';
import { inspect } from './inspect.js';
import { ops } from './ops.js';
import { profile } from './profile.js';
import { run } from './run.js';
import { test } from './test.js';

const commands: Record<string, Command> = { inspect, run, test, bench, profile, ops, copy, doctor };

const overview = `insitu: runs ONNX models with WebAssembly

usage: insitu COMMAND ...

${Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`).join('\n')}

insitu COMMAND --help says more. Exit status: 0 fine, 1 something failed, 2 wrong usage.`;

async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === '--version') {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    console.log(version);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    console.log(overview);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new UsageError(name ? `there is no command '${name}'\n\n${overview}` : overview);
  const { flags, positionals } = parse(command, args);
  if (flags.help) {
    console.log(command.help);
    return 0;
  }
  return command.run(flags, positionals);
}

function parse(command: Command, args: string[]) {
  try {
    const options = { ...command.options, help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { flags: values, positionals };
  } catch (thrown) {
    throw new UsageError(`${(thrown as Error).message}\n\n${command.help}`);
  }
}

function report(thrown: unknown): number {
  if (thrown instanceof UsageError) {
    console.error(thrown.message);
    return 2;
  }
  if (thrown instanceof InsituError) {
    const { code, message, node, op, hint } = thrown.toJSON();
    console.error(`${code}: ${message}`);
    if (node || op) console.error(`  at ${[node && `'${node}'`, op].filter(Boolean).join(', op ')}`);
    if (hint) console.error(`  ${hint}`);
    return 1;
  }
  console.error(thrown instanceof Error ? `${thrown.message}` : String(thrown));
  return 1;
}

process.exitCode = await main(process.argv.slice(2)).catch(report);
