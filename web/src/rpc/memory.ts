// The memory of the WebAssembly module: what goes in, what comes out as copies that go to the page.
// Invariant: it may grow with every call, so that every view is a fresh one.
import { fail, InsituError } from '../errors.js';
import type { TypedArray } from '../tensor.js';
import type { NativeModule, NativeValue, Outcome } from './native.js';
import type { WireValue } from './protocol.js';

/** What a call of the module gives, or its error thrown. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw new InsituError(outcome.error);
  return outcome.ok;
}

export class Memory {
  readonly #native: NativeModule;
  #leaving: ArrayBuffer[] = [];

  constructor(native: NativeModule) {
    this.#native = native;
  }

  bytesAt(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.#native.wasmMemory.buffer, pointer, length);
  }

  /** Puts numbers where the calls of the module look for them; gives how many. */
  toScratch(numbers: TypedArray): number {
    const { buffer, byteOffset, byteLength, length } = numbers;
    const pointer = unwrap(this.#native.scratch(byteLength));
    this.bytesAt(pointer, byteLength).set(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
    return length;
  }

  copyOut(value: NativeValue): WireValue {
    if ('items' in value) {
      return { name: value.name, dtype: value.dtype, items: value.items.map((item) => this.copyOut(item)) };
    }
    const { name, dtype, dims, pointer, byteLength, strings } = value;
    if (strings) return { name, dtype, dims, data: strings };
    return { name, dtype, dims, data: this.copyBytes(pointer, byteLength) };
  }

  copyBytes(pointer: number, byteLength: number): ArrayBuffer {
    const data = roomFor(byteLength);
    new Uint8Array(data).set(this.bytesAt(pointer, byteLength));
    this.leave(data);
    return data;
  }

  /** These move to the page with the answer. */
  leave(...buffers: ArrayBuffer[]): void {
    this.#leaving.push(...buffers);
  }

  /** What moves with the answer that is sent now. */
  takeLeaving(): ArrayBuffer[] {
    return this.#leaving.splice(0);
  }
}

function roomFor(byteLength: number): ArrayBuffer {
  try {
    return new ArrayBuffer(byteLength);
  } catch (thrown) {
    fail('OutOfMemory', `the browser gives no ${byteLength} bytes for a result`, 'Run smaller batches, or ask for fewer outputs.', thrown);
  }
}
