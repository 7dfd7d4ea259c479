// From sound in the page to what the engine makes a tensor of: samples of float32, channel by channel, and the format in full.
// A module of its own, because only those who feed sound load it; `fail` comes from index.js, whose InsituError is the one.
// References: librosa.feature.melspectrogram for the names and defaults of MelOptions, openai/whisper's audio.py for 'whisper'.
import type { fail as failWith } from './errors.js';
import type { MelFormat, WireAudio } from './rpc/protocol.js';

type Fail = typeof failWith;

/** What sound can be taken from: samples of one channel, or of several of one length, or a file that the browser can decode. */
export type AudioSource = Float32Array | readonly Float32Array[] | AudioBuffer | Blob;

/** What becomes of sound. */
export interface AudioOptions {
  /** Of the source, in Hz. An AudioBuffer brings its own, and a Blob is decoded at 48,000. */
  sampleRate?: number;
  /** Of the tensor, in Hz; default 16,000. */
  rate?: number;
  /** Samples of the tensor: what is longer is cut, what is shorter is followed by silence. */
  length?: number;
  /** A mel spectrogram in the place of samples: what Whisper takes, or as librosa makes it. */
  mel?: 'whisper' | MelOptions;
}

/** A mel spectrogram, as librosa.feature.melspectrogram makes it of samples at `rate`. */
export interface MelOptions {
  /** Samples of a Fourier transform; default 2048. */
  fftSize?: number;
  /** Samples from one frame to the next; default a quarter of `fftSize`. */
  hopLength?: number;
  /** Samples under the Hann window, in the middle of the frame; default `fftSize`. */
  windowLength?: number;
  /** Bands; default 128. */
  mels?: number;
  /** Of the lowest band, in Hz; default 0. */
  fMin?: number;
  /** Of the highest band, in Hz; default half of `rate`. */
  fMax?: number;
  /** HTK's scale instead of Slaney's; default false. */
  htk?: boolean;
  /** 'slaney' (the default): bands have the same area; null: the same height. */
  norm?: 'slaney' | null;
  /** Whether frames are centred, so that half of one lies before the first sample; default true. */
  center?: boolean;
  /** What lies outside: silence ('constant', the default), or the samples mirrored. */
  padMode?: 'constant' | 'reflect';
  /** 2 (the default) for power, 1 for magnitude. */
  power?: number;
  /** The logarithm of bands: decibels, natural or decimal; default none. */
  log?: 'db' | 'ln' | 'log10';
  /** What is taken for less than this before the logarithm; default 1e-10. */
  floor?: number;
  /** With 'db': how far below the loudest band others may lie; default 80, null for any. */
  topDb?: number | null;
}

const decodedRate = 48_000;

export async function toWireAudio(fail: Fail, source: AudioSource, options: AudioOptions): Promise<WireAudio> {
  const { rate = 16_000, length, mel } = options;
  const { channels, sampleRate } = await channelsOf(fail, source, options.sampleRate);
  const [first] = channels;
  if (!first || channels.some((one) => !(one instanceof Float32Array) || one.length !== first.length)) {
    fail('InvalidArgument', 'the sound is no Float32Array, or its channels differ in length',
      'Pass samples from -1 to 1 as a Float32Array, or one for each channel.');
  }
  checkNumbers(fail, { sampleRate, rate, length });
  if (sampleRate === undefined) fail('InvalidArgument', 'nobody knows the rate of these samples', 'Pass their sampleRate in Hz.');
  if (length !== undefined && !(Number.isSafeInteger(length) && length > 0)) {
    fail('InvalidArgument', `length is ${length}`, 'Pass a number of samples.');
  }
  const samples = new Float32Array(first.length * channels.length);
  channels.forEach((one, i) => samples.set(one, i * first.length));
  return {
    samples: samples.buffer, channels: channels.length, sampleRate,
    format: { rate, ...(length !== undefined && { length }), ...(mel !== undefined && { mel: melFormat(fail, mel, rate) }) },
  };
}

async function channelsOf(fail: Fail, source: AudioSource, sampleRate?: number) {
  if (source instanceof Float32Array) return { channels: [source], sampleRate };
  if (Array.isArray(source)) return { channels: source as readonly Float32Array[], sampleRate };
  const buffer = source instanceof Blob ? await decode(fail, source) : source as AudioBuffer;
  if (typeof buffer?.getChannelData !== 'function') {
    fail('InvalidArgument', `${Object.prototype.toString.call(source)} is no sound`, 'Pass a Float32Array, several, an AudioBuffer or a Blob.');
  }
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i));
  return { channels, sampleRate: buffer.sampleRate };
}

async function decode(fail: Fail, file: Blob): Promise<AudioBuffer> {
  if (typeof OfflineAudioContext === 'undefined') {
    fail('InvalidArgument', 'nothing here decodes sound', 'Pass samples; pages decode files, Node and workers do not.');
  }
  try {
    return await new OfflineAudioContext(1, 1, decodedRate).decodeAudioData(await file.arrayBuffer());
  } catch (thrown) {
    return fail('InvalidArgument', 'the file is no sound that this browser knows', 'WAV, MP3 and AAC are known everywhere.', thrown);
  }
}

function checkNumbers(fail: Fail, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && typeof value !== 'number') fail('InvalidArgument', `${name} is a ${typeof value}`, 'Pass a number.');
  }
}

const known: Record<string, readonly unknown[]> = { norm: ['slaney', null], padMode: ['constant', 'reflect'], log: [undefined, 'db', 'ln', 'log10'] };

const whisper: MelOptions = { fftSize: 400, hopLength: 160, mels: 80, padMode: 'reflect' };

function melFormat(fail: Fail, options: 'whisper' | MelOptions, rate: number): MelFormat {
  if (options !== 'whisper' && (typeof options !== 'object' || options === null)) {
    fail('InvalidArgument', `mel is '${options}'`, "Known: 'whisper', or MelOptions.");
  }
  const given = options === 'whisper' ? whisper : options;
  const { fftSize = 2048, hopLength = Math.floor(fftSize / 4), windowLength = fftSize, mels = 128, fMin = 0, fMax = rate / 2, htk = false,
    norm = 'slaney', center = true, padMode = 'constant', power = 2, floor = 1e-10, topDb = 80, log } = given;
  checkNumbers(fail, { fftSize, hopLength, windowLength, mels, fMin, fMax, power, floor, topDb: topDb ?? undefined });
  for (const [name, value] of Object.entries({ norm, padMode, log })) {
    if (!known[name]!.includes(value)) fail('InvalidArgument', `the ${name} of mel is '${String(value)}'`, `Known: ${known[name]!.map(String).join(', ')}.`);
  }
  return {
    fftSize, hopLength, windowLength, mels, fMin, fMax, htk: htk === true, slaney: norm === 'slaney', center: center !== false, reflects: padMode === 'reflect', power, floor,
    log: options === 'whisper' ? 'whisper' : log ?? '', topDb: topDb ?? -1,
  };
}
