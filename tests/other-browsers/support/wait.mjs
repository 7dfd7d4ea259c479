// Shared by the drivers of browsers: waiting for their programs.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** What `look` gives once it is true; fails where the program ends before, or nothing comes in half a minute. */
export async function until(what, look, program) {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found) return found;
    if (program.exitCode !== null) throw new Error(`the program ended with ${program.exitCode} instead of ${what}`);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Settles when the program has ended, which is made to after five seconds. */
export async function ended(program) {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const timer = setTimeout(() => program.kill('SIGKILL'), 5000);
  await once(program, 'exit');
  clearTimeout(timer);
}
