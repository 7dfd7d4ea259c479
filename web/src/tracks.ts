// The stages of a run in the browser's own performance panel, as a track named insitu.
// https://developer.chrome.com/docs/devtools/performance/extension

import type { RunTimes } from './rpc/protocol.js';

/** `startedAt`: when the run was asked for; `preparedFrom`: when the page began to prepare its feeds. */
export function showTracks(startedAt: number, preparedFrom: number, times: RunTimes): void {
  const show = (stage: string, start: number, end: number, color: string) => {
    const name = `insitu ${stage}`;
    performance.measure(name, { start, end, detail: { devtools: { dataType: 'track-entry', track: 'insitu', color } } });
    performance.clearMeasures(name);  // observers and panels have it; the timeline would grow for ever
  };
  if (preparedFrom < startedAt) show('preprocess', preparedFrom, startedAt, 'secondary-light');
  const { queue, copyIn, infer, copyOut, total } = times;
  const took = startedAt + queue, ended = preparedFrom + total;
  show('queue', startedAt, took, 'tertiary-light');
  show('copyIn', took, took + copyIn, 'secondary');
  show('infer', ended - copyOut - infer, ended - copyOut, 'primary');
  show('copyOut', ended - copyOut, ended, 'secondary');
}
