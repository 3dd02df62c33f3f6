import { createRandom } from '../../../src-shared/domain/random';
import { Adam } from '../../quantization/learning/adam';
import { addRegularizer, hardened } from '../../quantization/learning/rounding';
import type { WorkerPool } from '../pool/worker-pool';
import type { BlockParameter } from './learning-protocol';

export interface TrainingLimits {
  /** Wall time; training ends after the step in which it is over. */
  readonly seconds: number;
  /** Passes over the images to learn on; null: as many as useful. */
  readonly epochs: number | null;
}

/** The result of training one block. */
export interface Training {
  readonly values: readonly Float32Array[];
  /** Passes over the images that were made, and steps. */
  readonly epochs: number;
  readonly steps: number;
  /** Loss on samples that the steps did not use, before and after. */
  readonly before: number;
  readonly after: number;
}

interface Problem {
  readonly pool: WorkerPool<'learning'>;
  readonly parameters: readonly BlockParameter[];
  readonly samples: number;
  readonly seed: number;
  /** Called after each step with the number of steps made and the number planned. */
  readonly onStep: (steps: number, planned: number) => void;
}

/** Samples whose gradients are averaged for one step. */
const BATCH = 4;
/** Every fourth sample judges the block and is not learned from. */
const WATCHED_EVERY = 4;
/**
 * Rates of the first steps: relative change of a threshold; change of a bias in units of the RMS of its layer; change
 * of V of a rounding.
 */
const RATES = { threshold: 0.04, bias: 0.008, rounding: 0.02 } as const;
/** The part of the epochs after which the regularizer of roundings begins, and its exponents at its begin and end. */
const REGULARIZED_FROM = 0.2;
const SHARPNESS = [20, 2] as const;
const MAX_EPOCHS = 20;
/** Training ends after this many epochs without a lower loss. */
const PATIENCE = 4;

/**
 * Moves the parameters of the open block against the gradient of its loss with Adam. The rates fall to a tenth over the
 * planned epochs. The values with the lowest loss on watched samples are kept; those to begin with are among them.
 * Weights whose rounding is learned are rounded up or down when the loss is measured.
 */
export async function train(problem: Problem, { seconds, epochs }: TrainingLimits): Promise<Training> {
  const { pool, parameters, samples, seed, onStep } = problem;
  const startedAt = performance.now();
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  const all = [...Array.from({ length: samples }).keys()];
  const watched = all.filter((sample) => sample % WATCHED_EVERY === WATCHED_EVERY - 1);
  const learned = all.filter((sample) => sample % WATCHED_EVERY !== WATCHED_EVERY - 1);
  const values = parameters.map(({ initial }) => initial.slice());
  const isRounding = parameters.map(({ target }) => target.kind === 'rounding');
  const settled = (): Float32Array[] => values.map((own, i) => (isRounding[i] ? hardened(own) : own.slice()));
  const optimizers = values.map((own) => new Adam(own));
  const random = createRandom(seed);
  const before = parameters.length === 0 ? 0 : await meanLoss(pool, watched, settled());
  let best = { loss: before, values: settled(), epoch: 0 };
  // The regularizers begin about as large as the loss.
  const roundings = values.reduce((count, own, i) => count + (isRounding[i] ? own.length : 0), 0);
  const strength = roundings === 0 ? 0 : before / roundings;
  let [planned, epoch, steps] = [epochs ?? MAX_EPOCHS, 0, 0];
  while (parameters.length > 0 && epoch < planned) {
    const order = shuffled(learned, random.nextUnit);
    for (let at = 0; at < order.length; at += BATCH) {
      const progress = (epoch + at / order.length) / planned;
      const share = 1 - 0.9 * progress;
      const gradients = await meanGradients(pool, order.slice(at, at + BATCH), values);
      for (const [i, { target, unit }] of parameters.entries()) {
        const [own, gradient] = [values[i], gradients[i]];
        if (isRounding[i] && own && gradient && progress >= REGULARIZED_FROM)
          addRegularizer(gradient, own, { strength, sharpness: sharpnessAt(progress) });
        optimizers[i]?.step(gradient ?? [], RATES[target.kind] * unit * share);
      }
      steps += 1;
      onStep(steps, planned * Math.ceil(order.length / BATCH));
    }
    epoch += 1;
    const now = settled();
    const found = await meanLoss(pool, watched, now);
    if (found < best.loss) best = { loss: found, values: now, epoch };
    const perEpochSeconds = elapsed() / epoch;
    if (epochs === null) planned = Math.min(planned, Math.max(epoch, Math.floor(seconds / perEpochSeconds)));
    // Roundings settle in the last epochs only.
    const isStuck = epochs === null && roundings === 0 && epoch - best.epoch >= PATIENCE;
    if (elapsed() >= seconds || isStuck) break;
  }
  return { values: best.values, epochs: epoch, steps, before, after: best.loss };
}

function sharpnessAt(progress: number): number {
  const [first, last] = SHARPNESS;
  return first + ((last - first) * (progress - REGULARIZED_FROM)) / (1 - REGULARIZED_FROM);
}

async function meanLoss(
  pool: WorkerPool<'learning'>,
  samples: readonly number[],
  values: readonly Float32Array[],
): Promise<number> {
  const losses: number[] = [];
  await pool.forEach(samples.entries(), async (run, [i, sample]) => {
    losses[i] = await run('measure', { sample, values });
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Sums in the order of the samples, so that they do not depend on which worker is faster. */
async function meanGradients(
  pool: WorkerPool<'learning'>,
  samples: readonly number[],
  values: readonly Float32Array[],
): Promise<Float64Array[]> {
  const found: (readonly Float32Array[])[] = [];
  await pool.forEach(samples.entries(), async (run, [i, sample]) => {
    found[i] = (await run('step', { sample, values })).gradients;
  });
  return values.map((own, parameter) => {
    const sum = new Float64Array(own.length);
    for (const gradients of found) {
      const gradient = gradients[parameter] ?? new Float32Array();
      for (let i = 0; i < gradient.length; i++) sum[i] = (sum[i] ?? 0) + (gradient[i] ?? 0) / samples.length;
    }
    return sum;
  });
}

function shuffled(list: readonly number[], nextUnit: () => number): number[] {
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(nextUnit() * (i + 1));
    [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
  }
  return order;
}
