// Where sound comes from: a chirp that is computed, a file, the microphone.
// Invariant: the microphone is on only between a person's click and the next.

export interface Sound {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly name: string;
}

const kChirp = { seconds: 2, rate: 16_000, from: 150, to: 7000, echo: 0.4 } as const;
const kHeardSeconds = 4;

/** A tone that rises, with a fainter one that falls. */
export function chirp(): Sound {
  const { seconds, rate, from, to, echo } = kChirp;
  const growth = Math.log(to / from) / seconds;
  const phase = (t: number): number => (2 * Math.PI * from * (Math.exp(growth * t) - 1)) / growth;
  const samples = Float32Array.from({ length: seconds * rate }, (_, i) => {
    const t = i / rate, edge = Math.min(1, 40 * t, 40 * (seconds - t));
    return edge * (0.5 * Math.sin(phase(t)) + 0.12 * echo * Math.sin(phase(seconds) - phase(seconds - t)));
  });
  return { samples, sampleRate: rate, name: `A chirp from ${from} to ${to.toLocaleString('en')} Hz, computed here` };
}

/** All channels of a file as one. Throws where the browser cannot decode it. */
export async function soundOf(file: File): Promise<Sound> {
  const decoded = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(await file.arrayBuffer())
    .catch(() => { throw new Error(`${file.name} is no sound that this browser can decode.`); });
  const samples = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; ++channel)
    decoded.getChannelData(channel).forEach((value, i) => { samples[i] = samples[i]! + value / decoded.numberOfChannels; });
  return { samples, sampleRate: decoded.sampleRate, name: file.name };
}

/** Tells `heard` of the last seconds, ten times a second, until stop(). */
export class Microphone {
  #stream: MediaStream | undefined;
  #context: AudioContext | undefined;

  get isOn(): boolean { return this.#context !== undefined; }

  async start(heard: (sound: Sound) => void): Promise<void> {
    if (!navigator.mediaDevices) throw new Error('This page has no microphone: browsers give it to pages of https and localhost only.');
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false } }).catch((error: DOMException) => {
      throw new Error(error.name === 'NotAllowedError' ? 'The microphone was not allowed.' : error.name === 'NotFoundError' ? 'There is no microphone here.' : error.message);
    });
    const context = this.#context = new AudioContext();
    await context.audioWorklet.addModule('./tap.js');
    const tap = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0 });
    context.createMediaStreamSource(this.#stream).connect(tap);
    const samples = new Float32Array(kHeardSeconds * context.sampleRate);
    tap.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      if (this.#context !== context) return;
      samples.copyWithin(0, data.length);
      samples.set(data, samples.length - data.length);
      heard({ samples: samples.slice(), sampleRate: context.sampleRate, name: 'The microphone' });
    };
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    void this.#context?.close();
    this.#stream = this.#context = undefined;
  }
}
