import type { ProjectEdit } from '../../../src-shared/contract/requests';
import type { AnalysesView, Dated } from '../../../src-shared/contract/views';
import { ownValue } from '../../../src-shared/base/records';
import type { DiagnosisAction, DiagnosisResult, DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import type { Precision, Target } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { parseVariant } from '../../../src-shared/domain/project/variant';

/** Only what is quantized can be diagnosed; a record may name a variant that this version does not know. */
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

export interface DiagnosisWish {
  readonly subject: DiagnosisSubject;
  readonly variant: string;
  readonly target: Target;
}

/** The newest diagnosis of a subject; null before it was made. */
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

/** The edit that carries an action out; null for one that says neither a precision nor a method. */
export function actionEdit({
  kind,
  name,
  precision,
  method,
}: Pick<DiagnosisAction, 'kind' | 'name' | 'precision' | 'method'>): ActionEdit | null {
  if (kind === 'release') return precision === undefined ? null : { kind: 'precision', layer: name, precision };
  return method === undefined ? null : { kind: 'tensor-method', tensor: name, method };
}
export type ActionEdit = Extract<ProjectEdit, { kind: 'precision' | 'tensor-method' }>;

/** The project has the change already. */
export function isApplied(edit: ActionEdit, file: Pick<ProjectFile, 'plan' | 'tensorMethods'>): boolean {
  if (edit.kind === 'tensor-method') return ownValue(file.tensorMethods, edit.tensor) === edit.method;
  const planned: Precision = ownValue(file.plan.layers, edit.layer) ?? 'int8';
  return planned === edit.precision;
}
