// The last values of something, one for each of its samples.

export class History {
  readonly xs: number[] = [];
  readonly ys: (number | null)[][];
  readonly #most: number;

  constructor(lines: number, most: number) {
    this.ys = Array.from({ length: lines }, () => []);
    this.#most = most;
  }

  push(x: number, values: readonly (number | null)[]): void {
    this.xs.push(x);
    values.forEach((value, i) => this.ys[i]!.push(value));
    if (this.xs.length <= this.#most) return;
    this.xs.shift();
    for (const line of this.ys) line.shift();
  }

  clear(): void {
    this.xs.length = 0;
    for (const line of this.ys) line.length = 0;
  }
}
