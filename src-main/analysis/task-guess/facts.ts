import type { OutputTensor } from '../../backends/runnable-variant';
import { matrixOf, squeezed, type InputSize, type Matrix } from '../decoders/matrix';

/** An output of a model: what the model says about it, and its values for a few images. */
export interface OutputFacts {
  readonly name: string;
  /** The shape of the first sample, or the declared one without samples; null: an axis of unknown size. */
  readonly dims: readonly (number | null)[];
  readonly isInteger: boolean;
  /** The values for one image each; empty if the model was not run. */
  readonly samples: readonly OutputTensor[];
}

/** Everything that a guess of the task is made from. */
export interface TaskFacts {
  readonly outputs: readonly OutputFacts[];
  /** Size of the image input; null if the model has none. */
  readonly size: InputSize | null;
  /** Whether an input of the model is fed with the size of the original image. */
  readonly givesOriginalSize: boolean;
  /** Outputs whose values the graph divides by their length. */
  readonly normalizedOutputs: ReadonlySet<string>;
  /** Number of classes if labels or the user say it. */
  readonly classCount?: number;
}

/** `"name" [1, 84, 8400]` */
export function outputText({ name, dims }: OutputFacts): string {
  return `"${name}" [${dims.map((dim) => dim ?? '?').join(', ')}]`;
}

/** The shape without a batch of 1 and other axes of size 1, as long as more than `rank` axes remain. */
export function shapeOfImage({ dims }: OutputFacts, rank: number): readonly number[] {
  const known = dims.map((dim) => dim ?? Number.NaN);
  // Without samples the batch may be symbolic.
  const [first = 0, ...rest] = known;
  return squeezed(Number.isNaN(first) && rest.length >= rank ? rest : known, rank);
}

/** The number of values; NaN if it is not known. */
export function elementsOf({ dims }: OutputFacts): number {
  return dims.reduce<number>((product, dim) => product * (dim ?? Number.NaN), 1);
}

/** The tables of all samples with two axes. */
export function sampleTables({ samples }: OutputFacts): readonly Matrix[] {
  return samples.map(matrixOf).filter((table) => table !== null);
}

/** All values of the samples; of large outputs evenly spread ones. */
export function sampleValues({ samples }: OutputFacts, limit = 100_000): readonly number[] {
  const values: number[] = [];
  for (const { data, integers } of samples) {
    const all = data ?? integers ?? [];
    const step = Math.max(1, Math.ceil(all.length / limit));
    for (let i = 0; i < all.length; i += step) values.push(all[i] ?? Number.NaN);
  }
  return values;
}

export function valueAt({ values, rowStep, columnStep }: Matrix, row: number, column: number): number {
  return values[row * rowStep + column * columnStep] ?? Number.NaN;
}

/** The share of items for which `test` is true; 0 without items. */
export function share<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(test).length / items.length;
}
