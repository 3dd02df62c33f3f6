/** What an analysis is expected to compute. */
export interface ExpectedWork {
  /** Runs of the whole quantized model on one image. A run that starts behind unchanged layers counts as a part. */
  readonly passes: number;
  /** Those of them in models with layers in FP16, which processors compute more slowly. */
  readonly fp16Passes: number;
  /** Models that are tried: each one is rewritten once. */
  readonly trials: number;
  /** Parts of the model that are opened anew, because they have changed; on every worker. */
  readonly opens: number;
}

export const NO_WORK: ExpectedWork = { passes: 0, fp16Passes: 0, trials: 0, opens: 0 };

export function sumOfWork(...list: readonly ExpectedWork[]): ExpectedWork {
  return list.reduce(
    (sum, { passes, fp16Passes, trials, opens }) => ({
      passes: sum.passes + passes,
      fp16Passes: sum.fp16Passes + fp16Passes,
      trials: sum.trials + trials,
      opens: sum.opens + opens,
    }),
    NO_WORK,
  );
}

/** A part of work. @param share between 0 and 1 */
export function partOfWork({ passes, fp16Passes, trials, opens }: ExpectedWork, share: number): ExpectedWork {
  return { passes: passes * share, fp16Passes: fp16Passes * share, trials: trials * share, opens: opens * share };
}

/** The same work with layers in FP16. */
export function inFp16(work: ExpectedWork): ExpectedWork {
  return { ...work, fp16Passes: work.passes };
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
  return { ...NO_WORK, passes: trials * images, trials };
}

/** One model in which all of these layers change their precision. */
export function changedRun(layers: readonly string[], images: number, part: ChangedPart): ExpectedWork {
  return { ...NO_WORK, passes: part.ofLayers(layers) * images, trials: 1, opens: layers.length };
}

/** One model for each of these layers, whose precision changes. */
export function layerRuns(layers: readonly string[], images: number, part: ChangedPart): ExpectedWork {
  return sumOfWork(...layers.map((layer) => changedRun([layer], images, part)));
}

/** One model for each of these tensors, whose threshold changes, and with it constants of the part that reads it. */
export function thresholdRuns(tensors: readonly string[], images: number, part: ChangedPart): ExpectedWork {
  return {
    ...NO_WORK,
    passes: tensors.reduce((sum, tensor) => sum + part.ofTensor(tensor), 0) * images,
    trials: tensors.length,
    opens: tensors.length,
  };
}
