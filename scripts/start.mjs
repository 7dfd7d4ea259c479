// `npm start`: sets up and builds what the demo needs (threads where the page is isolated, one
// thread elsewhere), then serves it on PORT (default 8080), on this machine only unless HOST is set.
import { build } from './build.mjs';
import { runMain, say, StepError } from './lib/progress.mjs';
import { serve } from './serve.mjs';

const kDemoFlavours = ['relaxed-mt', 'simd-st'];

await runMain(async () => {
  const port = Number(process.env.PORT ?? 8080);
  await build(kDemoFlavours, { types: false });
  try {
    const server = await serve({ port, host: process.env.HOST });
    say(`\nThe demo is at ${server.url}demo/  (Ctrl-C ends it)`);
  } catch (error) {
    if (error.code === 'EADDRINUSE') throw new StepError(`Port ${port} is taken: choose another with PORT=8081 npm start.`);
    throw error;
  }
});
