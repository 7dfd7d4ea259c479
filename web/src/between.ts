// Whether an option is a number within bounds. Invariant: nothing but a number is, however it compares.

export function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
