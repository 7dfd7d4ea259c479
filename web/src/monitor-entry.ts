// insitu/monitor: the watch without a model, over the engine that load() shares. For latencies measured elsewhere, inputs of
// other models, or numbers that come from no model at all.
// Invariant: nothing starts before the first call; the engine options of a call say which engine it uses.
/** The watch without a model. @module insitu/monitor */
import { Engine } from 'insitu';
import type { Detector, DetectorOptions, EngineOptions, Histogram, ReferenceProfile, WindowReport } from 'insitu';

export type { AccuracySnapshot, Detector, DetectorOptions, DetectorUpdate, DriftAlarm, DriftFeature, DriftSnapshot, EngineOptions,
  Histogram, LatencySnapshot, Monitor, MonitorEventType, MonitorOptions, MonitorSnapshot, OutputCounts, QualityCounts, QualityIssue,
  ReferenceProfile, SliceSnapshot, SloSnapshot, Stage, StageLatency, WindowReport } from 'insitu';

/** A histogram of latencies in ms, with quantiles once there are samples enough. */
export async function createHistogram(options?: EngineOptions): Promise<Histogram> {
  return (await Engine.shared(options)).createHistogram();
}

/** What good rows look like. `rows`: n x features, row by row; at least 256 rows, better 10,000. */
export async function createProfile(
  rows: Float32Array, features: readonly string[], options?: EngineOptions,
): Promise<ReferenceProfile> {
  return (await Engine.shared(options)).createProfile(rows, features);
}

/** The profile of all the rows behind these profiles: of several devices, for example. */
export async function mergeProfiles(profiles: readonly ReferenceProfile[], options?: EngineOptions): Promise<ReferenceProfile> {
  return (await Engine.shared(options)).mergeProfiles(profiles);
}

/** Tells when rows stop looking like the profile; on average one false alarm in `falseAlarmEvery` rows. */
export async function createDetector(
  profile: ReferenceProfile, { falseAlarmEvery, method, correlated, ...options }: DetectorOptions & EngineOptions = {},
): Promise<Detector> {
  return (await Engine.shared(options)).createDetector(profile, { falseAlarmEvery, method, correlated });
}

/** How one window of rows (at least 20, row by row) differs from a profile. */
export async function compareWindow(profile: ReferenceProfile, rows: Float32Array, options?: EngineOptions): Promise<WindowReport> {
  return (await Engine.shared(options)).compareWindow(profile, rows);
}
