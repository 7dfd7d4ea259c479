// Feeds on their way into the module: values are copied, pictures and sound become tensors there.
// Invariant: what takes time to read, pictures, is read before a call is handled; the rest happens at once.
import { placementOf } from '../placement.js';
import { unwrap } from './memory.js';
import type { Memory } from './memory.js';
import type { NativeModule } from './native.js';
import { readAll } from './pixels.js';
import type { Pixels } from './pixels.js';
import type { WireAudio, WireFeed, WireImage, WireValue } from './protocol.js';

/** The pictures among the feeds of a call, and how long it took to read them, or why they cannot be read. */
export interface Pictures {
  pixels: Map<WireImage, Pixels[]>;
  ms: number;
  error?: unknown;
}

export const noPictures: Pictures = { pixels: new Map(), ms: 0 };

/** Of the parameters of any call. undefined: there are none. */
export function readPictures(params: unknown): Promise<Pictures> | undefined {
  const { feeds = [] } = (params ?? {}) as { feeds?: WireFeed[] };
  const images = feeds.filter((feed) => 'images' in feed);
  return images.length > 0 ? read(images) : undefined;
}

async function read(images: WireImage[]): Promise<Pictures> {
  const from = performance.now();
  try {
    const all = await readAll(images);
    return { pixels: new Map(images.map((one, i) => [one, all[i]!])), ms: performance.now() - from };
  } catch (error) {
    return { ...noPictures, ms: performance.now() - from, error };
  }
}

export class Staging {
  readonly #native: NativeModule;
  readonly #memory: Memory;

  constructor(native: NativeModule, memory: Memory) {
    this.#native = native;
    this.#memory = memory;
  }

  /** `spent` gets the buffers that are no longer needed. Gives how long the pictures took, in ms. */
  stage(session: number, feeds: WireFeed[], pictures: Pictures, spent: ArrayBuffer[] = []): number {
    let prepareMs = 0;
    for (const feed of feeds) {
      if ('images' in feed) prepareMs += this.#stageImage(session, feed, pictures, spent);
      else this.#stageValue(session, feed, spent);
    }
    return prepareMs;
  }

  imageTensor(image: WireImage, pictures: Pictures): WireValue {
    return this.#prepared(() => this.#prepareImage(image, pictures), () => this.#memory.copyOut(this.#native.prepared()));
  }

  audioTensor({ samples, channels, sampleRate, format }: WireAudio): WireValue {
    const count = this.#memory.toScratch(new Float32Array(samples));
    return this.#prepared(
      () => unwrap(this.#native.audio(count, channels, sampleRate, format)),
      () => this.#memory.copyOut(this.#native.prepared()),
    );
  }

  #stageValue(session: number, value: WireValue, spent: ArrayBuffer[]): void {
    if ('items' in value) {
      for (const item of value.items) this.#stageValue(session, item, spent);
      unwrap(this.#native.stageGroup(session, value.name, value.dtype, value.items.length));
      return;
    }
    const { name, dtype, dims, data } = value;
    if (Array.isArray(data)) {
      unwrap(this.#native.stageStrings(session, name, dims, data));
      return;
    }
    const pointer = unwrap(this.#native.stage(session, name, dtype, dims, data.byteLength));
    this.#memory.bytesAt(pointer, data.byteLength).set(new Uint8Array(data));
    spent.push(data);
  }

  #stageImage(session: number, image: WireImage, pictures: Pictures, spent: ArrayBuffer[]): number {
    const from = performance.now();
    this.#prepared(
      () => this.#prepareImage(image, pictures),
      () => unwrap(this.#native.stagePrepared(session, image.name)),
    );
    for (const one of image.images) if ('data' in one) spent.push(one.data);
    return performance.now() - from;
  }

  #prepareImage(image: WireImage, { pixels, error }: Pictures): void {
    if (error) throw error;
    const { format, images } = image;
    unwrap(this.#native.imageBegin(format, images.length));
    for (const [i, { data, channels, bgr, opaque, release, ...size }] of pixels.get(image)!.entries()) {
      this.#memory.toScratch(data);
      release?.();
      const { width, height, left, top } = placementOf(size, format);
      unwrap(this.#native.imageAdd(i, size.width, size.height, channels, width, height, left, top, bgr, opaque));
    }
  }

  /* What was prepared does not outlive the call. */
  #prepared<T>(prepare: () => void, take: () => T): T {
    try {
      prepare();
      return take();
    } finally {
      this.#native.dropPrepared();
    }
  }
}
