// What a model contains, where each of its nodes runs, and how long each takes.
import type { Engine, ExplainRow, ModelReport, ModelSource, OperatorProfile, Session, Value } from 'insitu';

export interface Inspected {
  report: ModelReport;
  /** Where the model can run. */
  session?: Session;
  where: ExplainRow[];
}

export async function inspect(engine: Engine, model: Blob, externalData: Record<string, ModelSource>): Promise<Inspected> {
  const report = await engine.inspect(model, { externalData });
  if (!report.runnable) return { report, where: [] };
  const session = await engine.load(model, { externalData, monitor: false });
  return { report, session, where: await session.explain() };
}

/** A row for each node that runs, with the time of `runs` runs. */
export function time(session: Session, feeds: Record<string, Value>, runs: number): Promise<OperatorProfile[]> {
  return session.profile(feeds, runs);
}
