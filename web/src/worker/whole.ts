// worker.ts, its threads and in-process.ts in one script with the glue inside; package.json says who gets it (alias).
// Invariant: it starts a Host only in the worker that client.ts opens.
import { isOwnWorker } from '../parts-inside.js';
import { Host } from '../rpc/host.js';
import { holdLife } from '../rpc/life.js';
import type { Port } from '../rpc/protocol.js';
export { openInProcess } from '../rpc/in-process.js';

if (isOwnWorker) new Host(holdLife(globalThis as unknown as Port));
