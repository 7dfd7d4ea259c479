// What a check of `insitu doctor` finds, and how findings are printed.
// Invariant: whatever is not fine says why it matters and what to do.
import { fold, paint, table } from '../text.js';

export interface Finding {
  /** 'wrong' makes the exit status 1; 'advice' is about speed, or about what cannot be seen from here. */
  level: 'ok' | 'advice' | 'wrong';
  check: string;
  what: string;
  why?: string;
  how?: string;
}

export const ok = (check: string, what: string): Finding => ({ level: 'ok', check, what });

/** A finding for which the three parts say what is so, why that matters, and what to do. */
export const advice = (check: string, what: string, why: string, how: string): Finding => ({ level: 'advice', check, what, why, how });
export const wrong = (check: string, what: string, why: string, how: string): Finding => ({ level: 'wrong', check, what, why, how });

const colours = { ok: 'green', advice: 'yellow', wrong: 'red' } as const;
const width = 110;

export function* describeFindings(findings: readonly Finding[]): Generator<string> {
  const heads = table(findings.map(({ level, check, what }) => [level, check, what]));
  for (const [i, { level, why, how }] of findings.entries()) {
    yield heads[i]!.replace(level, paint(level, colours[level]));
    for (const [label, text] of [['why', why], ['do', how]] as const) {
      if (text === undefined) continue;
      for (const [k, line] of text.split('\n').flatMap((part) => fold(part, width)).entries()) {
        yield `        ${(k === 0 ? `${label}:` : '').padEnd(5)}${line}`;
      }
    }
  }
}
