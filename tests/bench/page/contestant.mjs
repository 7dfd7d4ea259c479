// The page's end of the line to an engine: to the worker in which it lives or, for insitu's native build, to its process
// by way of the driver.
// Invariant: every call settles; a worker that breaks rejects the call that waits. Calls wait for each other.
import { arrays, bytesOf } from './arrays.mjs';

class WorkerContestant {
  #worker;
  #waiting;

  constructor(engine) {
    this.#worker = new Worker('worker.js', { type: 'module', name: `bench-${engine}` });
    this.#worker.onmessage = ({ data: { result, error } }) => {
      const { resolve, reject } = this.#waiting;
      this.#waiting = undefined;
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#waiting?.reject(new Error(`the worker of ${engine} broke: ${event.message}`));
    };
  }

  call(method, params) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage({ method, params });
    });
  }

  end() {
    this.#worker.terminate();
  }
}

let lastId = 0;

class NativeContestant {
  #id = ++lastId;

  async call(method, params) {
    const result = await globalThis.callNative(this.#id, method, params);
    if (method !== 'results') return result;
    return Object.fromEntries(Object.entries(result).map(([name, { dtype, dims, base64 }]) =>
      [name, { dtype, dims, data: new arrays[dtype](bytesOf(base64)) }]));
  }

  end() {
    return globalThis.callNative(this.#id, 'end');
  }
}

/** { call(method, params), end() } */
export const contestantOf = (engine) => (engine === 'native' ? new NativeContestant() : new WorkerContestant(engine));
