import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import { useEffect, useMemo, useState } from 'react';
import { ownValue } from '../../../src-shared/base/records';
import { formatAccuracy, formatDb, formatFraction } from '../../../src-shared/base/units';
import type { AnalysesView, Dated, ProjectView, ThresholdTable } from '../../../src-shared/contract/views';
import type {
  DiagnosisAction,
  DiagnosisResult,
  DiagnosisSubject,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';
import { choiceOf, type Target } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { type Language, t } from '../../i18n';
import type { ScreenEdit } from '../../state/precision-edits';
import { useSession } from '../../state/session';
import { classNameOf } from './what-got-worse';

/** Only quantized variants can be diagnosed. A record may also name a variant that this version does not know. */
export function canExplain(variant: string): boolean {
  try {
    return ['int8', 'mixed'].includes(parseVariant(variant).kind);
  } catch {
    return false;
  }
}

export function isSameSubject(a: DiagnosisSubject | null, b: DiagnosisSubject): boolean {
  if (a === null) return false;
  switch (b.kind) {
    case 'group':
      return a.kind === 'group' && a.group === b.group;
    case 'class':
      return a.kind === 'class' && a.label === b.label;
    case 'confusion':
      return a.kind === 'confusion' && a.from === b.from && a.to === b.to;
  }
}

interface DiagnosisWish {
  readonly subject: DiagnosisSubject;
  readonly variant: string;
  readonly target: Target;
}

/** The newest diagnosis of a subject; null if none was made. */
export function storedDiagnosis(
  view: Pick<AnalysesView, 'diagnoses'> | null,
  { subject, variant, target }: DiagnosisWish,
): Dated<DiagnosisResult> | null {
  const own = (view?.diagnoses ?? []).filter(
    ({ result }) => result.variant === variant && result.target === target && isSameSubject(result.subject, subject),
  );
  return own.reduce<Dated<DiagnosisResult> | null>(
    (newest, found) => (newest === null || found.result.createdAt > newest.result.createdAt ? found : newest),
    null,
  );
}

/** The edit that applies an action; null if the action names neither a precision nor a method. */
export function actionEdit({
  kind,
  name,
  precision,
  method,
}: Pick<DiagnosisAction, 'kind' | 'name' | 'precision' | 'method'>): ActionEdit | null {
  if (kind === 'release') return precision === undefined ? null : { kind: 'precision', layer: name, precision };
  return method === undefined ? null : { kind: 'tensor-method', tensor: name, method };
}
export type ActionEdit = Extract<ScreenEdit, { kind: 'precision' | 'tensor-method' }>;

/** True if the project already contains the change. */
export function isApplied(edit: ActionEdit, file: Pick<ProjectFile, 'plan' | 'tensorMethods'>): boolean {
  if (edit.kind === 'tensor-method') return ownValue(file.tensorMethods, edit.tensor) === edit.method;
  return choiceOf(file.plan, edit.layer) === edit.precision;
}

/** The name of a subject, such as `night`, `class 6` or `6 → 8`. */
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

/**
 * Both values of the most meaningful measure that both have: accuracy, otherwise agreement with FP32, otherwise SQNR.
 */
export function changeText(before: TrialQuality, after: TrialQuality): string {
  if (before.measure !== undefined && after.measure !== undefined && before.measure.name !== 'top-1')
    return t('results.why.measure', {
      measure: after.measure.name,
      before: formatMeasure(before.measure.name, before.measure.value),
      after: formatMeasure(after.measure.name, after.measure.value),
    });
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

/** The name of an action without its effect, such as `conv_1 to FP16`. Undo shows the same name. */
export function actionName({ kind, name, precision, method }: DiagnosisAction): string {
  if (kind === 'release')
    return t('precision.edit.layer', { layer: name, precision: (precision ?? 'fp16').toUpperCase() });
  return t('histogram.edit.method', { tensor: name, method: t(`histogram.method.${method ?? 'manual'}`) });
}

/** The summary: in English the application's own paragraph, in other languages a paragraph made of its numbers. */
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

/** The largest number of tensors and the least clipped share to show; equal to those of a diagnosis. */
const SHOWN_TENSORS = 12;
const WORTH_NAMING = 0.001;

type ClippedTensor = DiagnosisResult['clipped'][number];

/**
 * The tensors whose current thresholds clip the largest share of a group of the calibration set, worst first. They are
 * computed from the stored histograms, without running the model. null if the calibration set has no group of that
 * name.
 */
export function knownClipping(
  { tensors }: Pick<ThresholdTable, 'tensors'>,
  group: string,
): readonly ClippedTensor[] | null {
  const costs = tensors.flatMap(({ name, method, threshold, clippedFraction, costs: all = [] }) => {
    const own = all.find((cost) => cost.method === method && cost.group === group);
    return own === undefined
      ? []
      : [{ tensor: name, threshold, clippedFraction: own.clippedFraction, elsewhere: clippedFraction }];
  });
  if (costs.length === 0) return null;
  return costs
    .filter((cost) => cost.clippedFraction >= WORTH_NAMING)
    .sort((a, b) => b.clippedFraction - a.clippedFraction)
    .slice(0, SHOWN_TENSORS);
}

/**
 * The clipping of a group according to the calibration; null while loading and if the calibration has no data about the
 * subject.
 */
export function useKnownClipping(project: ProjectView, subject: DiagnosisSubject): readonly ClippedTensor[] | null {
  const api = useSession((state) => state.api);
  const revision = useSession((state) => state.calibrationRevision);
  const [answer, setAnswer] = useState<{
    readonly question: object;
    readonly clipped: readonly ClippedTensor[] | null;
  } | null>(null);
  const group = subject.kind === 'group' ? subject.group : null;
  const { path, calibrated, file } = project;
  // A change of the project file or the calibration may change the answer, so both are part of the request.
  const question = useMemo(
    () => (group === null || !calibrated ? null : { projectPath: path, group, file, revision }),
    [path, calibrated, group, revision, file],
  );
  useEffect(() => {
    if (question === null) return undefined;
    let isCurrent = true;
    api.getThresholds({ projectPath: question.projectPath, withCosts: true }).then(
      (table) => {
        if (isCurrent) setAnswer({ question, clipped: knownClipping(table, question.group) });
      },
      // Errors are ignored here, because the diagnosis below can still be started and reports them.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [api, question]);
  return answer?.question === question ? answer.clipped : null;
}
