import { ownValue } from '../../../src-shared/base/records';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import type {
  ReferenceLatency,
  SearchPlan,
  SearchResult,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';
import { allInt8, releasedPlan, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { t } from '../../i18n';
import { useSession } from '../../state/session';

/** What plans are compared by: the measure of the task with labels, otherwise agreement with FP32, otherwise SQNR. */
export type Measure = 'measure' | 'agreement' | 'sqnr';

export function measureOf({ fp32, plans }: Pick<SearchResult, 'fp32' | 'plans'>): Measure {
  if (measured(fp32) !== null && plans.some(({ quality }) => measured(quality) !== null)) return 'measure';
  return plans.some(({ quality }) => quality.agreement !== null) ? 'agreement' : 'sqnr';
}

/** The value in the unit of the measure, or in dB for SQNR. null: unknown, or an SQNR without any error. */
export function valueOf(quality: TrialQuality, measure: Measure): number | null {
  if (measure === 'sqnr') return quality.sqnrDb;
  return measure === 'agreement' ? quality.agreement : measured(quality);
}

/** The value of the task's measure. Results of older versions have top-1 only. */
function measured({ measure, top1 }: TrialQuality): number | null {
  return measure?.value ?? top1;
}

/** The name of the task's measure. */
export function measureName({ measure }: TrialQuality): string {
  return measure?.name ?? 'top-1';
}

/** What plans are compared by, as the title of an axis or a column, or as a name. */
export function measureLabel(
  result: Pick<SearchResult, 'fp32' | 'plans'>,
  place: 'search.axis' | 'search.column' | 'analysis',
): string {
  const measure = measureOf(result);
  const name = measureName(result.fp32);
  if (measure === 'measure' && name !== 'top-1') return name;
  return t(`${place}.${measure === 'measure' ? 'top1' : measure}`);
}

/** Whether plans are judged by the measure of the task; without labels, by agreement and output error. */
export function isJudgedByMeasure({ judgedOn, fp32 }: Pick<SearchResult, 'judgedOn' | 'fp32'>): boolean {
  return judgedOn === 'validation' && measured(fp32) !== null;
}

/** How much worse a value is than that of FP32. */
function lossOf(value: number, reference: number, { measure }: TrialQuality): number {
  return measure?.higherIsBetter === false ? value - reference : reference - value;
}

/** Points of the measure below FP32 (for agreement: below 100 %); null for SQNR, which has no points. */
export function dropOf(quality: TrialQuality, fp32: TrialQuality, measure: Measure): number | null {
  if (measure === 'sqnr') return null;
  const value = valueOf(quality, measure);
  const reference = measure === 'agreement' ? 100 : measured(fp32);
  if (value === null || reference === null) return null;
  return measure === 'agreement' ? reference - value : lossOf(value, reference, fp32);
}

interface GroupDrop {
  readonly group: string;
  /** Points below FP32 for the same group; negative if the group gained. */
  readonly drop: number;
}

/** The group with the largest loss relative to FP32; null without labels or groups. */
export function worstGroupDrop(quality: TrialQuality, fp32: TrialQuality): GroupDrop | null {
  const groups = quality.groupMeasures ?? quality.groupTop1;
  const drops = Object.entries(fp32.groupMeasures ?? fp32.groupTop1).flatMap(([group, reference]): GroupDrop[] => {
    const value = ownValue(groups, group);
    return value === undefined ? [] : [{ group, drop: lossOf(value, reference, fp32) }];
  });
  return drops.reduce<GroupDrop | null>(
    (worst, drop) => (worst === null || drop.drop > worst.drop ? drop : worst),
    null,
  );
}

/**
 * A plan with the thresholds that were used to try it: `method` for all tensors; null: the project's current
 * thresholds.
 */
type TriedPlan = Pick<SearchPlan, 'fp16Layers'> & Pick<SearchResult, 'method'>;

/** The edits that apply a plan to the project: its layers and thresholds. Everything else is unchanged. */
export function adoption(current: PrecisionPlan, { fp16Layers, method }: TriedPlan): readonly ProjectEdit[] {
  const plan = releasedPlan(allInt8(current), fp16Layers);
  return method === null
    ? [{ kind: 'plan', plan }]
    : [
        { kind: 'plan', plan },
        { kind: 'method', method },
        { kind: 'clear-tensor', tensor: '*' },
      ];
}

/** The latency of FP32 or FP16 that is comparable with the plans shown. */
export function referenceOf(
  { references }: Pick<SearchResult, 'references'>,
  variant: ReferenceLatency['variant'],
  kind: SearchPlan['latencyKind'],
): ReferenceLatency | null {
  return references.find((reference) => reference.variant === variant && reference.latencyKind === kind) ?? null;
}

/** True if the project already uses this plan. */
export function isInUse(
  file: Pick<ProjectFile, 'plan' | 'method' | 'tensorMethods'>,
  { fp16Layers, method }: TriedPlan,
): boolean {
  const asked = Object.values(file.plan.layers).filter((precision) => precision !== 'int8');
  const hasLayers =
    asked.length === fp16Layers.length && fp16Layers.every((layer) => ownValue(file.plan.layers, layer) === 'fp16');
  return hasLayers && (method === null || (file.method === method && Object.keys(file.tensorMethods).length === 0));
}

/**
 * Applies a plan of the search to the project, with the thresholds that were used to try it, as one named undo step. A
 * plan that another plan or FP32 dominates is not applied.
 */
export function adoptPlan(tried: TriedPlan & Pick<SearchPlan, 'dominatedBy'>): void {
  if (tried.dominatedBy !== undefined) return;
  const { project, edit } = useSession.getState();
  if (project === null) return;
  const count = tried.fp16Layers.length;
  const name = count === 0 ? t('search.edit.none') : t('search.edit', { count });
  const thresholds =
    tried.method === null ? '' : t('search.edit.thresholds', { method: t(`jobs.method.${tried.method}`) });
  void edit(`${name}${thresholds}`, adoption(project.file.plan, tried));
}
