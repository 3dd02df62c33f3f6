/**
 * Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1) for one array of parameters, with the usual constants. All
 * arithmetic is in double precision; the values are stored as float32.
 */
export class Adam {
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private steps = 0;

  constructor(private readonly values: Float32Array) {
    this.first = new Float64Array(values.length);
    this.second = new Float64Array(values.length);
  }

  /** Moves the values against the gradient. Each value moves by about `rate`, however large its gradient is. */
  step(gradient: ArrayLike<number>, rate: number): void {
    this.steps += 1;
    const correctFirst = 1 - BETA_1 ** this.steps;
    const correctSecond = 1 - BETA_2 ** this.steps;
    const { values } = this;
    // Roundings have as many values as their weights: entries() would take most of the time.
    for (let i = 0; i < values.length; i++) {
      const own = gradient[i] ?? 0;
      const first = BETA_1 * (this.first[i] ?? 0) + (1 - BETA_1) * own;
      const second = BETA_2 * (this.second[i] ?? 0) + (1 - BETA_2) * own * own;
      this.first[i] = first;
      this.second[i] = second;
      values[i] = (values[i] ?? 0) - (rate * first) / correctFirst / (Math.sqrt(second / correctSecond) + EPSILON);
    }
  }
}

const BETA_1 = 0.9;
const BETA_2 = 0.999;
/** Below the square root of the smallest gradients that matter: losses are normalized to about 1. */
const EPSILON = 1e-12;
