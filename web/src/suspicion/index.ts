// insitu/suspicion: whether a classifier changes its mind about an input when detail that should not matter is taken away.
/** How suspicious an input is, by feature squeezing. @module insitu/suspicion */
export type { Squeezer } from './squeeze.js';
export { suspicion } from './suspicion.js';
export type { Calibration, CalibrationOptions, ScoreOptions, Suspicion, SuspicionOptions, SuspicionScore } from './suspicion.js';
