import { formatMs } from '../../../src-shared/base/units';
import { formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import type { AccuracyCost, Answer } from '../../../src-shared/domain/runs/questions';
import { formatFactor, type Speed } from '../../../src-shared/domain/runs/speed';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';

/** The answer to "would it pay here?", in the language of the screens. */
export function answerText(answer: Answer): string {
  const { variant } = answer;
  if (answer.kind === 'refused') return t('results.answer.refused', { variant, reason: recordSentence(answer.reason) });
  if (answer.kind === 'not-timed') {
    const said =
      answer.reason === null
        ? t('results.answer.notTimed', { variant })
        : t('results.answer.notTimedBecause', { variant, reason: recordSentence(answer.reason) });
    return `${said} ${costText(answer.cost)}`;
  }
  const { latencyMs, against, speed, overDense, on } = answer;
  const verdict = t(`results.answer.${answer.kind}`, {
    variant,
    latency: formatMs(latencyMs),
    batch: on.batch,
    device: on.device,
    speed: speedText(speed),
    other: against.variant,
    otherLatency: formatMs(against.latencyMs),
  });
  const dense =
    overDense === null || overDense.variant === against.variant
      ? []
      : [t('results.answer.overDense', { speed: speedText(overDense.speed), dense: overDense.variant })];
  return [verdict, ...dense, costText(answer.cost), t('results.answer.limits')].join(' ');
}

function speedText({ kind, factor }: Speed): string {
  return t(`results.answer.speed.${kind}`, { factor: formatFactor(factor) });
}

function costText(cost: AccuracyCost | null): string {
  if (cost === null) return t('results.answer.noCost');
  const { measure, value, against, againstValue } = cost;
  return t('results.answer.cost', {
    measure,
    value: formatMeasure(measure, value),
    difference: formatMeasureDifference(measure, value - againstValue),
    other: against,
  });
}
