// The worker's whole program: a Host on the line to the page.
import { isNode, nodeModule } from '../environment.js';
import { Host } from '../rpc/host.js';
import { holdLife } from '../rpc/life.js';
import type { Port } from '../rpc/protocol.js';

if (isNode) {
  void nodeModule<typeof import('node:worker_threads')>('worker_threads').then(({ parentPort }) => {
    const port: Port = {
      postMessage: (message, transfer) => parentPort!.postMessage(message, transfer as never),
      onmessage: null,
    };
    new Host(port);
    parentPort!.on('message', (data) => port.onmessage?.({ data: data as never }));
  });
} else {
  new Host(holdLife(globalThis as unknown as Port));
}
