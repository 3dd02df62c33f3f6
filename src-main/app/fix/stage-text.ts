import { formatCountOf, formatFixed, formatSignificant } from '../../../src-shared/base/units';
import type { FixPlan } from '../../../src-shared/domain/analysis/fix';
import { REPAIRS, type Repair } from '../../../src-shared/domain/project/precision';
import { formatMeasure, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';

const REPAIR_NAMES: Readonly<Record<Repair, string>> = {
  equalization: 'equalization',
  smoothing: 'smoothing',
  biasCorrection: 'bias correction',
};

/** What a plan consists of: `mse, equalization and bias correction, 1 layer in FP16`. */
export function planText({ methods, repairs, fp16Layers }: FixPlan): string {
  const names = REPAIRS.flatMap((repair) => (repairs.includes(repair) ? [REPAIR_NAMES[repair]] : []));
  return [
    methods.length === 1 ? `${methods[0] ?? ''} for all tensors` : `thresholds of ${methods.join(', ')}`,
    ...names,
    fp16Layers.length === 0 ? 'all layers in INT8' : `${formatCountOf(fp16Layers.length, 'layer')} in FP16`,
  ].join(', ');
}

/** The accuracy of a plan: `top-1 96.95 %, night 94.00 %`; without a measure, its output error. */
export function accuracyText({ measure, worstGroup, outputSqnrDb, error }: FixPlan): string {
  if (measure === undefined)
    return outputSqnrDb === undefined
      ? `output error ${formatSignificant(error)}`
      : `${formatFixed(outputSqnrDb, 1)} dB`;
  return [
    `${measure.name} ${formatMeasure(measure.name, measure.value)}`,
    ...(worstGroup === undefined ? [] : [worstGroupText(worstGroup)]),
  ].join(', ');
}

/** What a stage won over the project as it was. */
export function wonText(plan: FixPlan, first: FixPlan | undefined): string {
  const gain =
    plan.drop === undefined || first?.drop === undefined || first === plan
      ? null
      : formatFixed(first.drop - plan.drop, 2);
  return `${sentence(planText(plan))}${gain === null ? '' : `; ${gain} points over the project as it was`}.`;
}

/** What a stage won whose plan was not judged. */
export function nearerText(before: number, after: number): string {
  const share = formatFixed(100 * (1 - after / before), 0);
  return `The output error fell by ${share} %, which leaves too much for the gates, so that the plan was not judged.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
