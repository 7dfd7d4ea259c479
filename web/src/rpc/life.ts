// Whether the worker still lives: browsers do not tell when one is gone. It holds a Web Lock while it has calls to answer, and
// the page looks for that lock when an answer is late. On insecure pages there are no locks, and nothing is noticed.
// Invariant: an engine at rest holds no lock, because Firefox keeps no page in its back-forward cache that does. A free
// lock counts only when it is found so again and again: a worker that is starved takes its lock late.
import type { Call, LifeSign, Port, Reply } from './protocol.js';

const lookMs = 1000, restMs = 1000, looksUntilGone = 4, looksUntilStarted = 60;

/** The worker's side of the line, with the lock. */
export function holdLife(port: Port): Port {
  const { locks } = navigator;
  if (!locks) return port;
  const name = `insitu-life-${crypto.randomUUID()}`;
  let announced = false, calls = 0, calledAt = 0;
  let release: (() => void) | undefined;
  const rest = () => {
    const idleMs = calls > 0 ? 0 : performance.now() - calledAt;
    if (idleMs < restMs) return void setTimeout(rest, restMs - idleMs);
    release?.();
    release = undefined;
  };
  const take = () => {
    const held = new Promise<void>((resolve) => (release = resolve));
    const announce = () => {
      if (!announced) port.postMessage({ lock: name } satisfies LifeSign, []);
      announced = true;
      return held;
    };
    locks.request(name, announce).catch(() => {});
    setTimeout(rest, restMs);
  };
  const guarded: Port = {
    postMessage(reply: Reply, transfer) {
      if (isAnswer(reply)) calls--;
      port.postMessage(reply, transfer);
    },
    onmessage: null,
  };
  port.onmessage = (event) => {
    calls++;
    calledAt = performance.now();
    if (!release) take();
    guarded.onmessage?.(event);
  };
  return guarded;
}

/**
 * The page's side of the line, until `end()`. `gone` is called when the worker is, and has calls to answer, or was never there: another
 * script in its place says nothing.
 */
export function watchLife(port: Port, gone: () => void): { port: Port; end(): void } {
  if (!navigator.locks) return { port, end() {} };
  let name: string | undefined;
  let calls = 0, looks = 0, looksInSilence = 0;
  let heard = false, looking = false, ended = false;
  const look = async () => {
    looking = calls > 0 && !ended;
    if (!looking) return;
    looks = name && !heard && await isFree(name) ? looks + 1 : 0;
    heard = false;
    if (!name) looksInSilence++;
    if (looks < looksUntilGone && looksInSilence < looksUntilStarted) setTimeout(look, lookMs);
    else gone();
  };
  const watched: Port = {
    postMessage(call: Call, transfer) {
      port.postMessage(call, transfer);
      calls++;
      if (!looking) setTimeout(look, lookMs);
      looking = true;
    },
    onmessage: null,
  };
  port.onmessage = (event: { data: Reply | LifeSign }) => {
    heard = true;
    if ('lock' in event.data) return void (name = event.data.lock);
    if (isAnswer(event.data)) calls--;
    watched.onmessage?.(event as { data: never });
  };
  return { port: watched, end: () => (ended = true) };
}

const isAnswer = (reply: Reply) => 'result' in reply || 'error' in reply;

const isFree = (name: string): Promise<boolean> =>
  navigator.locks.request(name, { ifAvailable: true }, (lock) => lock !== null).catch(() => false);
