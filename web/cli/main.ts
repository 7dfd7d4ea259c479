// The command line: finds the command, reads its flags, turns errors into messages and exit statuses.
// Exit status: 0 fine, 1 something failed, 2 wrong usage.
import { parseArgs } from 'node:util';
import { InsituError } from '../src/errors.js';
import { ablate } from './ablate.js';
import { audit } from './audit.js';
import { bench } from './bench.js';
import { card } from './card/command.js';
import { checkTarget, packageVersion, progress, refuse, UsageError } from './command.js';
import type { Command, Flags } from './command.js';
import { compare } from './compare.js';
import { copy } from './copy.js';
import { cost } from './cost.js';
import { doctor } from './doctor.js';
import { encrypt } from './encrypt.js';
import { evaluate } from './evaluate.js';
import { gate } from './gate/command.js';
import { init } from './init.js';
import { inspect } from './inspect.js';
import { lineage } from './lineage.js';
import { ops } from './ops.js';
import { profile } from './profile.js';
import { quantize } from './quantize.js';
import { registry } from './registry/command.js';
import { run } from './run.js';
import { sign } from './sign.js';
import { test } from './test.js';
import { nearest, table } from './text.js';
import { verify } from './verify.js';

const commands: Record<string, Command> = {
  inspect, run, test, bench, profile, evaluate, compare, ablate, quantize, gate, cost, sign, verify, card, registry, lineage, encrypt, audit, ops,
  init, copy, doctor,
};

const overview = `insitu: runs ONNX models with WebAssembly

usage: insitu COMMAND ...

${table(Object.entries(commands).map(([name, { summary }]) => [`  ${name}`, summary])).join('\n')}

insitu COMMAND --help says more; insitu --version prints the version.
Exit status: 0 fine, 1 something failed, 2 wrong usage.`;

async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === '--version' || name === '-v') {
    console.log(packageVersion());
    return 0;
  }
  const asksHelp = name === '--help' || name === '-h' || name === 'help';
  if (asksHelp && (name !== 'help' || args.length === 0)) {
    console.log(overview);
    return 0;
  }
  if (name === '') throw new UsageError(overview);
  const [wanted, rest] = asksHelp ? [args[0]!, ['--help']] : [name, args];
  const command = findCommand(wanted);
  try {
    const { flags, positionals } = parse(command, rest);
    if (flags.help) {
      console.log(command.help);
      return 0;
    }
    checkTarget('--json', flags.json);
    return await command.run(flags, positionals);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    const [usage] = command.help.split('\n\n', 1);
    throw new UsageError(`${thrown.message}\n\n${usage}\n\ninsitu ${wanted} --help says more.`);
  }
}

function findCommand(name: string): Command {
  if (Object.hasOwn(commands, name)) return commands[name]!;
  const meant = nearest(name, Object.keys(commands));
  throw new UsageError(`there is no command '${name}'${meant ? `: did you mean ${meant}?` : ''}\n\n${overview}`);
}

function parse(command: Command, args: string[]): { flags: Flags; positionals: string[] } {
  const options: Command['options'] = { ...command.options, help: { type: 'boolean', short: 'h' } };
  try {
    const { values, positionals, tokens } = parseArgs({ args, options, allowPositionals: true, tokens: true });
    const given = tokens.flatMap((token) => (token.kind === 'option' && token.value !== undefined ? [token.name] : []));
    const twice = given.find((name, i) => given.indexOf(name) < i && !options[name]?.multiple);
    if (twice !== undefined) refuse(`--${twice} is given twice: it may stand once`);
    return { flags: values, positionals };
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    const { message } = thrown as Error;
    const ambiguous = /^Option '(-[^']*)' argument is ambiguous/.exec(message)?.[1];
    if (ambiguous) {
      const name = args[args.indexOf(ambiguous) + 1];
      refuse(`${ambiguous} is followed by '${name}', which looks like an option: write ${longOf(options, ambiguous)}=${name} where it is the value`);
    }
    const unknown = /^Unknown option '(-+([^']*))'/.exec(message);
    if (!unknown) throw new UsageError(message.replace(/\n[^]*/, ''));
    const meant = nearest(unknown[2]!, Object.keys(options));
    throw new UsageError(`there is no option ${unknown[1]}${meant ? `: did you mean --${meant}?` : ''}`);
  }
}

/* -o is --output, for one. */
function longOf(options: Command['options'], flag: string): string {
  const name = Object.keys(options).find((one) => flag === `-${options[one]!.short}`);
  return name === undefined ? flag : `--${name}`;
}

function report(thrown: unknown): number {
  progress.clear();
  if (thrown instanceof InsituError) {
    const { code, message, node, op, hint } = thrown.toJSON();
    console.error(`${code}: ${message}`);
    if (node || op) console.error(`  at ${[node && `'${node}'`, op].filter(Boolean).join(', op ')}`);
    if (hint) console.error(`  ${hint}`);
    return 1;
  }
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  return thrown instanceof UsageError ? 2 : 1;
}

/* Whoever reads along may have seen enough, as `head` has. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

process.exitCode = await main(process.argv.slice(2)).catch(report);
