// Shared by the drivers of browsers: waiting for their programs, and what they read of pages.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const kPatienceMs = 60_000, kLastWordsMs = 5000;

/** The script that reads data-KEY of a page. */
export const readOf = (key) => `return document.documentElement.dataset.${key}`;

/** What `look` gives once it is true; fails where the program ends before, or nothing comes for a minute. */
export async function until(what, look, program) {
  for (const end = Date.now() + kPatienceMs; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found) return found;
    if (program.exitCode !== null) throw new Error(`The program ended with ${program.exitCode} instead of ${what}.`);
  }
  throw new Error(`The program was to be ${what}, but ${kPatienceMs / 1000} s were not enough.`);
}

/** Settles when the program has ended, which it is made to if it does not by itself. */
export async function ended(program) {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const timer = setTimeout(() => program.kill('SIGKILL'), kLastWordsMs);
  await once(program, 'exit');
  clearTimeout(timer);
}
