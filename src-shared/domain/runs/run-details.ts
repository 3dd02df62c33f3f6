import { type InferOutput, list, number, object, oneOf, optional, record, string } from '../../base/schema';
import { LAYER_FORMATS } from '../project/precision';

export const RUN_DETAILS_VERSION = 1;

export const runDetailsSchema = object({
  version: oneOf(RUN_DETAILS_VERSION),
  /** The variant meant for deployment. */
  variant: string,
  /** Tensor -> threshold in use, real units. */
  thresholds: record(number),
  /** In the order of the model. */
  layers: list(object({ layer: string, op: string, precision: oneOf(...LAYER_FORMATS), code: optional(string) })),
});
/**
 * `details.json` beside the record of a run: the thresholds and the precision of every layer of the shipped variant.
 */
export type RunDetails = InferOutput<typeof runDetailsSchema>;

/** A difference between the details of two runs; undefined: the run has no such tensor or layer. */
export interface DetailsChange<T> {
  readonly name: string;
  readonly from: T | undefined;
  readonly to: T | undefined;
}

export interface DetailsDifference {
  /** Largest relative change first. */
  readonly thresholds: readonly DetailsChange<number>[];
  readonly layers: readonly DetailsChange<string>[];
}

/** What differs between the thresholds and the layers of two runs. */
export function compareDetails(from: RunDetails, to: RunDetails): DetailsDifference {
  const thresholds = changes(new Map(Object.entries(from.thresholds)), new Map(Object.entries(to.thresholds)));
  const precisions = ({ layers }: RunDetails) => new Map(layers.map(({ layer, precision }) => [layer, precision]));
  return {
    thresholds: [...thresholds].sort((a, b) => sizeOf(b) - sizeOf(a)),
    layers: changes<string>(precisions(from), precisions(to)),
  };
}

function changes<T>(from: ReadonlyMap<string, T>, to: ReadonlyMap<string, T>): readonly DetailsChange<T>[] {
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((name) => {
    const change = { name, from: from.get(name), to: to.get(name) };
    return change.from === change.to ? [] : [change];
  });
}

/** |log2| of the ratio; a tensor that only one run has comes first. */
function sizeOf({ from, to }: DetailsChange<number>): number {
  return from === undefined || to === undefined ? Number.POSITIVE_INFINITY : Math.abs(Math.log2(to / from));
}
