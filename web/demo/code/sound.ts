// Turns sound into log-mel spectrograms, and names what is heard with any classifier of sound.
import { tensor, type AudioOptions, type AudioSource, type Engine, type MelOptions, type Session, type Tensor } from 'insitu';
import { softmax, topK, type Ranked } from 'insitu/post';

const kRate = 16_000;
const kMel: MelOptions = { fftSize: 512, hopLength: 160, mels: 64, log: 'db', topDb: null };

/** Decibels as float32 [1, 64, frames], a frame each 10 ms. `sampleRate` is that of raw samples. */
export function spectrogram(engine: Engine, sound: AudioSource, sampleRate?: number): Promise<Tensor> {
  return engine.audioTensor(sound, { sampleRate, rate: kRate, mel: kMel });
}

/** For models that take samples [1, n], or mel bands [1, mels, frames] or [1, 1, mels, frames]. */
export async function classify(engine: Engine, session: Session, sound: AudioSource, sampleRate: number, labels: readonly string[]): Promise<Ranked[]> {
  const { name, dims } = session.inputs[0]!;
  const [rows, columns] = dims.slice(-2);
  const samples = typeof columns === 'number' ? columns : undefined;
  const options: AudioOptions = dims.length <= 2
    ? { length: samples }
    : { mel: rows === 80 && columns === 3000 ? 'whisper' : { ...kMel, mels: Number(rows) }, length: samples && (samples - 1) * kMel.hopLength! };
  const input = await engine.audioTensor(sound, { sampleRate, rate: kRate, ...options });
  const shaped = dims.length === 4 ? tensor(input.data, [1, ...input.dims]) : input;
  const { [session.outputs[0]!.name]: scores } = await session.run({ [name]: shaped });
  const row = tensor(scores!.data, [1, scores!.data.length], scores!.dtype);
  const sum = topK(row, { k: 1000 }).reduce((all, { score }) => all + Math.abs(score), 0);
  return topK(Math.abs(sum - 1) < 0.02 ? row : softmax(row), { k: 5, labels });
}
