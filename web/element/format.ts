// Numbers as people read them. What is not known is a dash.

/** A number as short as its size lets it be read. */
export function short(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '–' : String(Number(value.toPrecision(3)));
}

/** Milliseconds with a precision that fits their size. */
export function milliseconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

export const count = (value: number): string => value.toLocaleString('en');

/** 'one sample', '1,200 samples'. */
export const counted = (value: number, unit: string): string => `${count(value)} ${unit}${value === 1 ? '' : 's'}`;

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)} %`;

export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

/** A distance in standard deviations, with its sign. */
export const sigmas = (shift: number | null): string =>
  (shift === null ? '–' : `${shift < 0 ? '−' : '+'}${short(Math.abs(shift))} σ`);

/** 'dark 2, frozen 1', the most frequent first; '' where nothing occurred. */
export function tally(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).filter(([, times]) => times > 0).sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `${name} ${count(times)}`).join(', ');
}
