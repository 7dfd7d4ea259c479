// Learns from a camera's pictures what is normal, and then says when that is no longer so.
import { tensor, type DriftAlarm, type Engine, type Session } from 'insitu';

export async function open(engine: Engine, model: Uint8Array, found: (alarm: DriftAlarm) => void): Promise<Session> {
  const session = await engine.load(model, {
    monitor: { profile: { learn: 2000 }, falseAlarmEvery: 1000, quality: 'log' },
  });
  session.monitor.addEventListener('drift', (event) => found((event as CustomEvent<DriftAlarm>).detail));
  return session;
}

/** `planes` are red, green and blue of 64 x 64 pixels, 0 to 1. */
export async function look(session: Session, planes: Float32Array): Promise<void> {
  await session.run({ scene: tensor(planes, [1, 3, 64, 64]) });
}
