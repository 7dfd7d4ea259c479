// Drives a long day in Chromium from Node: block after block, with a look at the memory of everything at checkpoints.
import { start } from '../../browser/support.mjs';
import { largeModels, serveModels, smallModels, testMounts } from './models.mjs';

/**
 * `runs` of the small models and `largeRuns` of MobileNetV2, in as many blocks as `blocks`, with `checkpoints` spread over them.
 * Gives { flavours, checkpoints, answered, largeAnswered, cancelled, beside, left, problems }; throws the faults of a block.
 */
export async function longDay({ runs, largeRuns = 0, blocks, checkpoints, besideRuns = 0, engines, say = () => {} }) {
  const site = await start({ mounts: testMounts() });
  try {
    const { page, context, problems } = await site.open('blank/');
    const heaps = await watchHeaps(await context.newCDPSession(page));
    const sources = await serveModels(page, { ...smallModels(), ...(largeRuns > 0 ? largeModels() : {}) });
    const flavours = await page.evaluate(async ({ sources, engines }) => {
      const { Day } = await import('/tests/support/soak/day.mjs');
      globalThis.day = await Day.begin(sources, engines);
      return day.flavours;
    }, { sources, engines });

    const done = { flavours, checkpoints: [], answered: 0, largeAnswered: 0, cancelled: 0, problems };
    for (let number = 0; number < blocks; number++) {
      const share = (total) => Math.floor((total * (number + 1)) / blocks) - Math.floor((total * number) / blocks);
      const block = await page.evaluate(([...asked]) => day.block(...asked), [number, share(runs), share(largeRuns)]);
      if (block.faults.length > 0) throw new Error(`block ${number}: ${block.faults.join('\n')}`);
      for (const count of ['answered', 'largeAnswered', 'cancelled']) done[count] += block[count];
      const due = Math.floor(((number + 1) * checkpoints) / blocks) > Math.floor((number * checkpoints) / blocks);
      if (!due) continue;
      done.checkpoints.push({ ...await look(page, heaps), answered: done.answered });
      say(describe(done, runs));
    }
    if (besideRuns > 0) done.beside = await page.evaluate((turns) => day.beside(turns), besideRuns);
    const { left, faults } = await page.evaluate(() => day.end());
    if (faults.length > 0) throw new Error(`at the end: ${faults.join('\n')}`);
    return { ...done, left };
  } finally {
    await site.close();
  }
}

/* What the engines hold, and what is left of the page's objects and of its workers' once their garbage is collected. */
async function look(page, heaps) {
  const engines = await page.evaluate(() => day.checkpoint(100));
  const [own, ...workers] = await heaps();
  return { engines, page: own, workers };
}

/*
 * A function that gives the bytes of objects and of array buffers of the page, then of each worker it has started. (The browser's own
 * measureUserAgentSpecificMemory() waits a minute for threads that sleep.)
 */
async function watchHeaps(devtools) {
  const workers = new Map(), answers = new Map();
  let last = 0;
  devtools.on('Target.attachedToTarget', ({ sessionId }) => workers.set(sessionId, (method) => new Promise((resolve) => {
    answers.set(++last, resolve);
    void devtools.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: last, method }) });
  })));
  devtools.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    answers.get(id)?.(result);
    answers.delete(id);
  });
  await devtools.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  return async () => {
    const used = [];
    for (const send of [(method) => devtools.send(method), ...workers.values()]) {
      await send('HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize } = await send('Runtime.getHeapUsage');
      used.push({ objects: usedSize, buffers: backingStorageSize });
    }
    return used;
  };
}

const mb = (bytes) => (bytes / 1e6).toFixed(2);

function describe({ checkpoints, cancelled, largeAnswered }, runs) {
  const { engines, answered, page, workers } = checkpoints.at(-1);
  const held = engines.map(({ heapBytes, bufferBytes }) => `${mb(bufferBytes)} of ${mb(heapBytes)}`).join(', ');
  const heaps = [page, ...workers].map(({ objects, buffers }) => `${mb(objects)} and ${mb(buffers)}`).join(', ');
  const ms = engines.map(({ latencies }) => Object.values(latencies).map((one) => one.toFixed(3)).join(' ')).join(', ');
  return `${Math.round((100 * answered) / runs)} %: ${answered} runs, ${largeAnswered} large, ${cancelled} aborted; ` +
    `MB of the engines ${held}; of page and workers ${heaps}; ms ${ms}`;
}
