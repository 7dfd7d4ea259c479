// The line to an instance in the caller's own thread: without a message queue, which takes longer than a small model.
// Invariant: requests are copied or moved as postMessage() does it, answers are the host's to give away; all arrive in
// order and never before the sender has returned; the event loop gets a turn after every few milliseconds of work.
import { Host } from './host.js';
import type { Line, Port } from './protocol.js';

const turnMs = 8;

export function openInProcess(): Line {
  const { port1: turns, port2: turner } = new MessageChannel();
  const waiting: (() => void)[] = [];
  let workedMs = 0;
  const deliver = () => {
    const from = performance.now();
    try {
      waiting.shift()?.();
    } finally {
      workedMs += performance.now() - from;
    }
  };
  const send = (to: Port, message: unknown) => {
    waiting.push(() => to.onmessage?.({ data: message as never }));
    if (workedMs < turnMs) queueMicrotask(deliver);
    else turner.postMessage(null);
  };
  turns.onmessage = () => {
    workedMs = 0;
    deliver();
  };
  const keepsAlive = turns as unknown as Port;
  keepsAlive.unref?.();
  const near: Port = {
    postMessage: (message, transfer) => send(far, structuredClone(message, { transfer })),
    onmessage: null,
    ref: () => keepsAlive.ref?.(),
    unref: () => keepsAlive.unref?.(),
  };
  const far: Port = { postMessage: (message) => send(near, message), onmessage: null };
  const host = new Host(far);
  return {
    port: near,
    close() {
      host.close();
      turns.close();
    },
  };
}
