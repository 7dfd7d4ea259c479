// From sound in the page to what the engine makes a tensor of: samples of float32, channel by channel, and the format in full.
// A module of its own, because only those who feed sound load it; what it needs of index.js is lent, whose InsituError is the one.
// References: librosa.feature.melspectrogram for the names and defaults of MelOptions, openai/whisper's audio.py for 'whisper'.
import type { fail as failWith } from './errors.js';
import type { checkOptions } from './options.js';
import type { MelFormat, WireAudio } from './rpc/protocol.js';

type Fail = typeof failWith;

/** What is lent by index.js: its errors and checks. */
interface Lent {
  fail: Fail;
  checkOptions: typeof checkOptions;
}

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

const kinds: Readonly<Record<keyof AudioOptions, string>> = { sampleRate: 'number', rate: 'number', length: 'number', mel: 'whisper|object' };

const melKinds: Readonly<Record<keyof MelOptions, string>> = {
  fftSize: 'number', hopLength: 'number', windowLength: 'number', mels: 'number', fMin: 'number', fMax: 'number', htk: 'boolean',
  norm: 'slaney|null', center: 'boolean', padMode: 'constant|reflect', power: 'number', log: 'db|ln|log10', floor: 'number', topDb: 'number|null',
};

export async function toWireAudio(lent: Lent, source: AudioSource, options: AudioOptions): Promise<WireAudio> {
  lent.checkOptions(options, kinds);
  const { rate = 16_000, length, mel } = options;
  const { channels, sampleRate } = await channelsOf(lent.fail, source, options.sampleRate);
  const [first] = channels;
  if (!first || channels.some((one) => !(one instanceof Float32Array) || one.length !== first.length)) {
    lent.fail('InvalidArgument', 'the sound is no Float32Array, or its channels differ in length',
      'Pass samples from -1 to 1 as a Float32Array, or one for each channel.');
  }
  if (sampleRate === undefined) lent.fail('InvalidArgument', 'nobody knows the rate of these samples', 'Pass their sampleRate in Hz.');
  if (length !== undefined && !(Number.isSafeInteger(length) && length > 0)) {
    lent.fail('InvalidArgument', `length is ${length}`, 'Pass a number of samples.');
  }
  const samples = new Float32Array(first.length * channels.length);
  channels.forEach((one, i) => samples.set(one, i * first.length));
  return {
    samples: samples.buffer, channels: channels.length, sampleRate,
    format: { rate, ...(length !== undefined && { length }), ...(mel !== undefined && { mel: melFormat(lent, mel, rate) }) },
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

const whisper: MelOptions = { fftSize: 400, hopLength: 160, mels: 80, padMode: 'reflect' };

function melFormat({ checkOptions }: Lent, options: 'whisper' | MelOptions, rate: number): MelFormat {
  const given = options === 'whisper' ? whisper : options;
  checkOptions(given, melKinds, 'mel');
  const { fftSize = 2048, hopLength = Math.floor(fftSize / 4), windowLength = fftSize, mels = 128, fMin = 0, fMax = rate / 2, htk = false,
    norm = 'slaney', center = true, padMode = 'constant', power = 2, floor = 1e-10, topDb = 80, log } = given;
  return {
    fftSize, hopLength, windowLength, mels, fMin, fMax, htk, slaney: norm === 'slaney', center, reflects: padMode === 'reflect', power, floor,
    log: options === 'whisper' ? 'whisper' : log ?? '', topDb: topDb ?? -1,
  };
}
