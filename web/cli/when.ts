// When something was done, for files that come out the same from the same inputs: no clock is read.
// Reference: https://reproducible-builds.org/specs/source-date-epoch/
import { isTime } from '../src/registry/format.js';
import { refuse } from './command.js';
import type { Flags } from './command.js';

export const whenHelp = `  --when TIME      when that was, as 2026-01-31T12:00:00Z; default: SOURCE_DATE_EPOCH, where it is set, else nothing is said`;

/** `{ when }`, or nothing where nobody said it. */
export function whenOf(flags: Flags): { when?: string } {
  const { when } = flags;
  if (typeof when === 'string') return isTime(when) ? { when } : refuse(`--when wants a time such as 2026-01-31T12:00:00Z, not '${when}'`);
  const epoch = process.env.SOURCE_DATE_EPOCH;
  if (!epoch) return {};
  const time = new Date(Number(epoch) * 1000);
  if (!/^\d+$/.test(epoch) || Number.isNaN(time.getTime())) refuse(`SOURCE_DATE_EPOCH is '${epoch}', not seconds since 1970`);
  return { when: time.toISOString().replace('.000', '') };
}
