import { formatCount, formatFixed, formatSignificant } from '../../../src-shared/base/units';
import type { FixPlan, FixResult, FixStageRow } from '../../../src-shared/domain/analysis/fix';
import { formatMeasure, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { currentLanguage, t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';

const REPAIR_NAMES = {
  equalization: 'jobs.phase.equalization',
  smoothing: 'jobs.phase.smoothing',
  biasCorrection: 'jobs.phase.bias-correction',
} as const;

/** The sentence `reason` of a result in the language of the screens. */
export function verdictText({ plans, chosen, nearest, judgedOn, images, stages, isFinished }: FixResult): string {
  const plan = plans[chosen ?? nearest ?? -1];
  if (plan === undefined) return t('fix.verdict.none');
  const kind = plan.met ? 'met' : isFinished ? 'missed' : 'open';
  const sentence = t(`fix.verdict.${kind}`, {
    plan: planText(plan),
    accuracy: accuracyText(plan),
    images: formatCount(images),
    set: t(`fix.judgedOn.${judgedOn}`),
    count: plans.length,
  });
  const untried = stages.filter(({ outcome, note }) => outcome === 'skipped' && note.includes('minutes')).length;
  return plan.met || untried === 0 ? sentence : `${sentence} ${t('fix.verdict.time', { count: untried })}`;
}

/** The note of a stage in the language of the screens. What a stage won is said from its plan. */
export function noteText({ note, outcome }: FixStageRow, plan: FixPlan | undefined): string {
  const said = recordSentence(note);
  if (said !== note || currentLanguage() === 'en') return said;
  if (plan === undefined || (outcome !== 'met' && outcome !== 'better')) return note;
  const [, gain] = /; (\S+) points over the project as it was\.$/.exec(note) ?? [];
  return gain === undefined ? planText(plan) : t('fix.stage.won', { plan: planText(plan), gain });
}

function planText({ methods, repairs, fp16Layers }: FixPlan): string {
  const names = Object.entries(REPAIR_NAMES).flatMap(([repair, key]) => (repairs.includes(repair) ? [t(key)] : []));
  return [
    t(methods.length === 1 ? 'fix.plan.method' : 'fix.plan.methods', { methods: methods.join(', ') }),
    ...names,
    fp16Layers.length === 0 ? t('fix.plan.int8') : t('fix.plan.fp16', { count: fp16Layers.length }),
  ].join(t('fix.plan.separator'));
}

function accuracyText({ measure, worstGroup, outputSqnrDb, error }: FixPlan): string {
  if (measure === undefined)
    return outputSqnrDb === undefined
      ? t('fix.plan.error', { error: formatSignificant(error) })
      : `${formatFixed(outputSqnrDb, 1)} dB`;
  return [
    `${measure.name} ${formatMeasure(measure.name, measure.value)}`,
    ...(worstGroup === undefined ? [] : [worstGroupText(worstGroup)]),
  ].join(t('fix.plan.separator'));
}
