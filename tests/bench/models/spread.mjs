// Random numbers spread like those of trained networks: weights are Gaussian in some layers and Laplacian (more near
// zero, longer tails) in others, and output channels differ in size.
// Invariant: the same seed gives the same numbers on every machine.
import { generator } from '../../support/random.mjs';

const kChannelSpread = 0.3;  // deviation of the logarithm of a channel's size

export class Spread {
  #random;
  #spare;

  constructor(seed) {
    this.#random = generator(seed);
  }

  /** A number of mean 0 and variance 1 (Marsaglia's polar method, which gives two at a time). */
  gauss() {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    let u, v, square;
    do {
      u = 2 * this.#random.next() - 1;
      v = 2 * this.#random.next() - 1;
      square = u * u + v * v;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt(-2 * Math.log(square) / square);
    this.#spare = v * factor;
    return u * factor;
  }

  /** A number of mean 0 and variance 1 with the tails of a Laplace distribution. */
  laplace() {
    const u = this.#random.next() - 0.5;
    return -Math.sign(u) * Math.log(1 - 2 * Math.abs(u)) * Math.SQRT1_2;
  }

  /** `length` Gaussian numbers. */
  noise(length, deviation = 1, mean = 0) {
    return Float32Array.from({ length }, () => mean + deviation * this.gauss());
  }

  /** Weights [outputs, inner], or [inner, outputs] where `last`; the distribution is drawn for the whole tensor. */
  weights(outputs, inner, deviation, last = false) {
    const draw = this.#random.oneOf([() => this.gauss(), () => this.laplace()]);
    const even = Math.exp(-kChannelSpread * kChannelSpread);  // keeps the mean square of all channels at 1
    const sizes = Float32Array.from({ length: outputs }, () => deviation * even * Math.exp(kChannelSpread * this.gauss()));
    const channelOf = last ? (i) => i % outputs : (i) => Math.floor(i / inner);
    const data = new Float32Array(outputs * inner);
    for (let i = 0; i < data.length; i++) data[i] = sizes[channelOf(i)] * draw();
    return data;
  }
}
