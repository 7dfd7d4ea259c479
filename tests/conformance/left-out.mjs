// The conformance cases that do not pass, by left-out.json, which gives the reasons.
import { readFileSync } from 'node:fs';

const reasons = JSON.parse(readFileSync(new URL('left-out.json', import.meta.url), 'utf8'));

export const leftOut = Object.values(reasons).flat().sort();
/** Those that pass never; random numbers are the stored ones now and then. */
export const neverPassing = Object.entries(reasons).filter(([reason]) => !reason.startsWith('random')).flatMap(([, names]) => names);
