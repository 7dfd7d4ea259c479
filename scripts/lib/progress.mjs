// Progress of long steps: one line per step with its name and seconds, refreshed in place on a
// terminal and repeated as a heartbeat elsewhere. What sub-commands print goes to a log file, whose
// tail is shown when they fail. Steps may overlap.
import { spawn } from 'node:child_process';
import { appendFileSync, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir } from './paths.mjs';

const kHeartbeatSeconds = 25;
const kTailLines = 40;
const active = new Set();
const out = process.stdout;
let ticker;
let lineIsLive = false;

export class StepError extends Error {
  constructor(message, log) {
    super(message);
    this.log = log;
  }
}

const seconds = (from) => ((Date.now() - from) / 1000).toFixed(1);

function print(text) {
  if (lineIsLive) out.write('\r\x1b[K');
  lineIsLive = false;
  out.write(`${text}\n`);
}

function tick() {
  if (out.isTTY) {
    const parts = [...active].map((t) => `${t.name} ${Math.round((Date.now() - t.start) / 1000)} s ${t.detail}`.trim());
    if (parts.length === 0) return;
    out.write(`\r\x1b[K  ... ${parts.join(' | ')}`.slice(0, (out.columns || 80) + 4));
    lineIsLive = true;
    return;
  }
  for (const task of active) {
    const now = Date.now();
    if (now - task.lastBeat < kHeartbeatSeconds * 1000) continue;
    task.lastBeat = now;
    print(`  ... ${task.name}  ${Math.round((now - task.start) / 1000)} s ${task.detail}`.trimEnd());
  }
}

/** Prints a line that belongs to no step. */
export function say(text = '') {
  print(text);
}

/** Runs work(task) as a named step; resolves to what it returns. Prints how long it took. */
export async function step(name, work) {
  const logs = join(buildDir, 'logs');
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${name.replace(/[^a-zA-Z0-9]+/g, '-')}.log`);
  writeFileSync(log, '');
  const task = { name, log, detail: '', start: Date.now(), lastBeat: Date.now() };
  active.add(task);
  ticker ??= setInterval(tick, 500);
  try {
    const result = await work(task);
    print(`  ok    ${name}  ${seconds(task.start)} s`);
    return result;
  } catch (error) {
    print(`  FAIL  ${name}  ${seconds(task.start)} s`);
    throw error;
  } finally {
    active.delete(task);
    if (active.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
    }
  }
}

/**
 * Runs a command with its output in the task's log. Options: cwd, env (added to ours), okCodes, timeout (ms, after
 * which it is ended), echo (also print what it prints, for test runners). Resolves to { code, output }.
 */
export function run(task, command, args, options = {}) {
  const okCodes = options.okCodes ?? [0];
  appendFileSync(task.log, `$ ${[command, ...args].join(' ')}\n`);
  const sink = createWriteStream(task.log, { flags: 'a' });
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout,
    });
    let output = '';
    const take = (chunk) => {
      sink.write(chunk);
      const text = chunk.toString();
      output += text;
      const counts = text.match(/\[\d+\/\d+\]/g);
      if (counts) task.detail = counts.at(-1);
      if (options.echo) print(text.replace(/\n$/, ''));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => sink.end(() => reject(new StepError(`${command}: ${error.message}`, task.log))));
    child.on('close', (code) => {
      sink.end(() => {
        if (okCodes === 'any' || okCodes.includes(code)) resolve({ code, output });
        else reject(new StepError(`${command} ended with status ${code}`, task.log));
      });
    });
  });
}

/** Runs main() and turns a failure into a readable message and exit status 1. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (error instanceof StepError) {
      if (error.log) {
        say(`\nLast lines of ${error.log}:`);
        say(readFileSync(error.log, 'utf8').trimEnd().split('\n').slice(-kTailLines).join('\n'));
      }
      say(`\nerror: ${error.message}`);
    } else {
      say(`\nerror: ${error.stack ?? error}`);
    }
    process.exitCode = 1;
  }
}
