/** What an analysis is expected to compute. */
export interface ExpectedWork {
  /** Runs of the whole quantized model on one image. A run that starts behind unchanged layers counts as a part. */
  readonly passes: number;
  /** Models that are tried: each one is rewritten once. */
  readonly trials: number;
  /** Parts of the model that are opened anew, because a layer changes its precision; on every worker. */
  readonly opens: number;
}

export const NO_WORK: ExpectedWork = { passes: 0, trials: 0, opens: 0 };

export function sumOfWork(...list: readonly ExpectedWork[]): ExpectedWork {
  return list.reduce(
    (sum, { passes, trials, opens }) => ({
      passes: sum.passes + passes,
      trials: sum.trials + trials,
      opens: sum.opens + opens,
    }),
    NO_WORK,
  );
}

/** The part of a run of the model that a change makes necessary, between 0 and 1. */
export interface ChangedPart {
  /** If the precision of these layers changes. */
  ofLayers(layers: readonly string[]): number;
  /** If the threshold of this tensor changes. */
  ofTensor(tensor: string): number;
}

/** For models that always run as a whole. */
export const WHOLE_RUNS: ChangedPart = { ofLayers: () => 1, ofTensor: () => 1 };

/** Complete runs of models on images. */
export function wholeRuns(trials: number, images: number): ExpectedWork {
  return { passes: trials * images, trials, opens: 0 };
}

/** One model for each of these layers, whose precision changes. */
export function layerRuns(layers: readonly string[], images: number, part: ChangedPart): ExpectedWork {
  return {
    passes: layers.reduce((sum, layer) => sum + part.ofLayers([layer]), 0) * images,
    trials: layers.length,
    opens: layers.length,
  };
}
