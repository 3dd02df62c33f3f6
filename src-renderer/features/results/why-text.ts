import { formatAccuracy, formatDb, formatFraction } from '../../../src-shared/base/units';
import type {
  DiagnosisAction,
  DiagnosisResult,
  DiagnosisSubject,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t, type Language } from '../../i18n';
import { classNameOf } from './what-got-worse';

/** `night`, `class 6`, `6 → 8` */
export function subjectName(subject: DiagnosisSubject, validation: Pick<ValidationRecord, 'classNames'>): string {
  const nameOf = (label: number): string => classNameOf(validation, label) ?? String(label);
  switch (subject.kind) {
    case 'group':
      return t('results.filter.group', { name: subject.group });
    case 'class':
      return t('results.filter.label', { name: nameOf(subject.label) });
    case 'confusion':
      return t('results.filter.confusion', { from: nameOf(subject.from), to: nameOf(subject.to) });
  }
}

/** The measure that both qualities have: answers that are right, else as FP32's, else the error of the outputs. */
export function changeText(before: TrialQuality, after: TrialQuality): string {
  if (before.top1 !== null && after.top1 !== null)
    return t('results.why.right', { before: formatAccuracy(before.top1), after: formatAccuracy(after.top1) });
  if (before.agreement !== null && after.agreement !== null)
    return t('results.why.agreement', {
      before: formatAccuracy(before.agreement),
      after: formatAccuracy(after.agreement),
    });
  return sqnrText(before, after);
}

export function sqnrText(before: TrialQuality, after: TrialQuality): string {
  return t('results.why.sqnr', { before: db(before), after: db(after) });
}

function db({ sqnrDb }: TrialQuality): string {
  return sqnrDb === null ? t('analysis.exact') : formatDb(sqnrDb);
}

/** What an action does, without its effect: `conv_1 to FP16`. Undo shows the same name. */
export function actionName({ kind, name, precision, method }: DiagnosisAction): string {
  if (kind === 'release')
    return t('precision.edit.layer', { layer: name, precision: (precision ?? 'fp16').toUpperCase() });
  return t('histogram.edit.method', { tensor: name, method: t(`histogram.method.${method ?? 'manual'}`) });
}

/** The application's own paragraph in English; in other languages one made of its numbers. */
export function diagnosisSummary(result: DiagnosisResult, subject: string, language: Language): string {
  if (language === 'en') return result.summary;
  const [worst] = result.clipped;
  const [best] = result.actions;
  const clipped =
    worst === undefined
      ? t('results.why.noneClipped')
      : t('results.why.clippedMost', {
          tensor: worst.tensor,
          here: formatFraction(worst.clippedFraction),
          elsewhere: formatFraction(worst.elsewhere),
        });
  const action =
    best === undefined
      ? t('results.why.noAction')
      : t('results.why.best', { action: actionName(best), change: changeText(best.before, best.after) });
  return [t('results.why.about', { images: result.images, subject }), clipped, action].join('');
}
