// `npm start`: sets up and builds the flavour that current browsers take from an isolated page,
// serves the demo on PORT (default 8080; on this machine only, unless HOST is set), and then adds
// the single-threaded flavour for browsers without relaxed SIMD or threads, and the API reference.
import { build } from './build.mjs';
import { writeReference } from './docs.mjs';
import { runMain, say, StepError } from './lib/progress.mjs';
import { serve } from './serve.mjs';

await runMain(async () => {
  const port = Number(process.env.PORT ?? 8080);
  await build(['relaxed-mt'], { types: false });
  try {
    const server = await serve({ port, host: process.env.HOST });
    say(`\nThe demo is at ${server.url}demo/  (Ctrl-C ends it)\n`);
  } catch (error) {
    if (error.code === 'EADDRINUSE') throw new StepError(`Port ${port} is taken: choose another with PORT=8081 npm start.`);
    throw error;
  }
  await build(['simd-st'], { types: false });
  say('Browsers without relaxed SIMD or without threads are served too now.');
  await writeReference();
});
