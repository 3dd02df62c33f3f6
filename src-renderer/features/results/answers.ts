import { formatMs } from '../../../src-shared/base/units';
import { formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import type { AccuracyCost, Answer } from '../../../src-shared/domain/runs/questions';
import { formatFactor, type Speed } from '../../../src-shared/domain/runs/speed';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';

/** The answer to "would it pay here?", in the language of the screens. */
export function answerText(answer: Answer): string {
  const { variant } = answer;
  if (answer.kind === 'refused') return t('answers.refused', { variant, reason: recordSentence(answer.reason) });
  if (answer.kind === 'not-timed') {
    const said =
      answer.reason === null
        ? t('answers.notTimed', { variant })
        : t('answers.notTimedBecause', { variant, reason: recordSentence(answer.reason) });
    return `${said} ${costText(answer.cost)}`;
  }
  const { latencyMs, against, speed, overDense, on } = answer;
  const verdict = t(`answers.${answer.kind}`, {
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
      : [t('answers.overDense', { speed: speedText(overDense.speed), dense: overDense.variant })];
  return [verdict, ...dense, costText(answer.cost), t('answers.limits')].join(' ');
}

function speedText({ kind, factor }: Speed): string {
  return t(`answers.speed.${kind}`, { factor: formatFactor(factor) });
}

function costText(cost: AccuracyCost | null): string {
  if (cost === null) return t('answers.noCost');
  const { measure, value, against, againstValue } = cost;
  return t('answers.cost', {
    measure,
    value: formatMeasure(measure, value),
    difference: formatMeasureDifference(measure, value - againstValue),
    other: against,
  });
}
