// What has happened, in a sentence that is shown and read out once. Issues of inputs come again and again: each kind is told
// the first time alone.
import type { DriftAlarm, MonitorEventType, MonitorSnapshot } from 'insitu';

import { nameOf } from './drift-view.js';
import { count, counted } from './format.js';

export const kEvents: readonly MonitorEventType[] = ['drift', 'recovered', 'quality', 'profile', 'slow'];

export interface Notice {
  readonly text: string;
  readonly level: 'good' | 'warn' | 'bad' | '';
}

export class News {
  #told = new Set<string>();

  clear(): void {
    this.#told.clear();
  }

  /** undefined: not worth a word. */
  of(type: string, detail: Record<string, unknown>, outputs: MonitorSnapshot['outputs']): Notice | undefined {
    const within = detail['slice'] ? ` in ${String(detail['slice'])}` : '';
    switch (type) {
      case 'drift':
        return { text: `Drift${within}. ${causeOf(detail as unknown as DriftAlarm, outputs)}`, level: 'bad' };
      case 'recovered':
        return {
          text: `Recovered${within}. ${detail['cause'] === 'errors' ? 'The model is right as often as before.' : 'Inputs look as expected again.'}`,
          level: 'good',
        };
      case 'slow':
        return detail['state'] === 'burning'
          ? { text: 'Slow. More requests miss the objective than may.', level: 'warn' }
          : { text: 'Requests are within the objective again.', level: 'good' };
      case 'profile':
        return detail['error']
          ? { text: `No profile could be learnt: ${String(detail['error'])}`, level: 'bad' }
          : { text: `A profile was learnt from ${counted(Number(detail['count']), 'input')}.`, level: 'good' };
    }
    const what = `${String(detail['tensor'])}: ${String(detail['issue'])}`;
    if (this.#told.has(what)) return undefined;
    this.#told.add(what);
    return { text: `Data quality. ${what}.`, level: 'warn' };
  }
}

function causeOf({ cause, sample, features }: DriftAlarm, outputs: MonitorSnapshot['outputs']): string {
  return cause === 'errors'
    ? `The model is wrong more often, found at label ${count(sample)}.`
    : `Found at sample ${count(sample)} in ${features.slice(0, 3).map(({ name }) => nameOf(name, outputs)).join(', ')}.`;
}
