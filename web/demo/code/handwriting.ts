// Reads a drawn digit, and watches whether drawings still look like those that the network was trained on.
import { tensor, type Engine, type RunOptions, type Session } from 'insitu';

export function open(engine: Engine): Promise<Session> {
  return engine.load('models/handwriting.int8.onnx', {
    cache: 'opfs',
    monitor: { profile: 'models/handwriting.profile.json', falseAlarmEvery: 1000 },
  });
}

/** `ink` is 28 x 28, 0 for paper to 1 for ink. Gives a probability for each of session.metadata.labels. */
export async function read(session: Session, ink: Float32Array, options?: RunOptions): Promise<Float32Array> {
  const { probabilities } = await session.run({ image: tensor(ink, [1, 1, 28, 28]) }, options);
  return probabilities!.data as Float32Array;
}
