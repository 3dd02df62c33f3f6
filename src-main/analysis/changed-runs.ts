import { ownValue } from '../../src-shared/base/records';
import { hasFp16Layers } from '../../src-shared/domain/project/precision';
import { inFp16, sumOfWork, wholeRuns, type ChangedPart, type ExpectedWork } from './expected-work';
import type { Trial } from './trials';

/** Models that differ from the first one by layers in another precision or by thresholds, on some images. */
export function changedRuns(list: readonly Trial[], images: number, part: ChangedPart): ExpectedWork {
  const [first, ...others] = list;
  if (first === undefined) return wholeRuns(0, images);
  return sumOfWork(wholeRuns(1, images), ...others.map((trial) => differingRun(first, trial, { images, part })));
}

function differingRun(
  first: Trial,
  trial: Trial,
  { images, part }: { readonly images: number; readonly part: ChangedPart },
): ExpectedWork {
  const layers = [
    ...differences(first.plan.layers, trial.plan.layers),
    ...differences(first.plan.weights ?? {}, trial.plan.weights ?? {}),
  ];
  const tensors = differences(first.thresholds, trial.thresholds);
  const isSame = first.biases === trial.biases && first.roundings === trial.roundings;
  const share = isSame ? Math.max(part.ofLayers(layers), ...tensors.map((tensor) => part.ofTensor(tensor))) : 1;
  // However many thresholds change, few parts read them.
  const opens = layers.length + Math.min(1, tensors.length);
  const work = { ...wholeRuns(1, images), passes: share * images, opens };
  return hasFp16Layers(trial.plan) ? inFp16(work) : work;
}

/** Names whose values differ, or that only one of the records has. */
function differences<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => ownValue(a, name) !== ownValue(b, name));
}
