// A file that one process at a time changes: FILE.lock beside it says which one it is.
// Invariant: a lock says from its first moment whose it is, and is taken away only from a process of this machine that has been gone
// for a while, by one process at a time; else who waits gives up and says so.
import { constants, copyFileSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { fail, toInsituError } from '../../src/errors.js';

const longestWaitMs = 10_000, shortestPauseMs = 10;
/* What is done under a lock takes milliseconds; a process that cannot be seen from here, in another container, may live. */
const staleAfterMs = 2_000;
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const held = new Set<string>();

/** What `work` gives, which no other process does on the same file meanwhile. */
export async function alone<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  await acquire(file, lock);
  try {
    return await work();
  } finally {
    release(lock);
  }
}

async function acquire(file: string, lock: string): Promise<void> {
  const until = Date.now() + longestWaitMs;
  while (!create(lock)) {
    if (isStale(lock)) {
      // Who removes it has to be alone, too: another one may have taken it over since.
      await alone(lock, async () => {
        if (isStale(lock)) remove(lock);
      });
    } else if (Date.now() < until) {
      await wait(shortestPauseMs * (1 + Math.random()));
    } else {
      const { pid, on } = holderOf(lock);
      fail('Network', `${file} is being changed by ${pid ? `process ${pid} on ${on}` : 'another process'}`,
        `Try again when that has ended. If there is no such process, remove ${lock}.`);
    }
  }
}

const codeOf = (thrown: unknown) => (thrown as NodeJS.ErrnoException).code;

function create(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, `${process.pid} ${hostname()}\n`);
    put(own, lock);
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    return fail('Network', `cannot write ${lock}: ${toInsituError(thrown).message}`, 'Check its folder.', thrown);
  } finally {
    rmSync(own, { force: true });
  }
  if (held.size === 0) for (const signal of endings) process.on(signal, end);
  held.add(lock);
  return true;
}

/* Whole or not at all; in one step where the file system has links. */
function put(own: string, lock: string): void {
  try {
    linkSync(own, lock);
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') throw thrown;
    copyFileSync(own, lock, constants.COPYFILE_EXCL);
  }
}

function remove(lock: string): void {
  try {
    rmSync(lock, { force: true });
  } catch (thrown) {
    fail('Network', `cannot remove ${lock}: ${toInsituError(thrown).message}`, 'Remove it: no process holds it any more.', thrown);
  }
}

function release(lock: string): void {
  held.delete(lock);
  if (held.size === 0) for (const signal of endings) process.off(signal, end);
  remove(lock);
}

/* Ends as the signal would have ended it. */
function end(signal: NodeJS.Signals): void {
  for (const lock of held) release(lock);
  process.kill(process.pid, signal);
}

/* Nobody while it is being written or removed. */
function holderOf(lock: string): { pid?: number; on?: string } {
  let text = '';
  try {
    text = readFileSync(lock, 'utf8');
  } catch {
    // It is gone.
  }
  const [, pid, on] = /^([1-9]\d{0,9}) (.+)\n$/.exec(text) ?? [];
  return pid === undefined ? {} : { pid: Number(pid), on };
}

function isStale(lock: string): boolean {
  const { pid, on } = holderOf(lock);
  if (pid === undefined || on !== hostname()) return false;
  const changedMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (changedMs === undefined || Date.now() - changedMs < staleAfterMs) return false;
  if (pid === process.pid) return !held.has(lock);
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return codeOf(thrown) === 'ESRCH';
  }
}
