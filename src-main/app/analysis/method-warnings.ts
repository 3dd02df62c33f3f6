import { layerId } from '../../../src-shared/base/brand';
import { ownValue } from '../../../src-shared/base/records';
import { formatCountOf, formatDb } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import {
  costAgainstBest,
  COSTLY_DB,
  POOR_TENSOR_DB,
  type BestView,
  type OutputCost,
} from '../../../src-shared/domain/analysis/best-method';
import { UNDECIDED_METHOD, type HistogramMethod, type Method } from '../../../src-shared/domain/project/methods';
import type { Target } from '../../../src-shared/domain/project/precision';
import { sqnrDbAt } from '../../../src-shared/domain/histograms/quantization-error';
import { planOfVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import {
  bestView,
  costInUse,
  methodOfAll,
  thresholdsInUse,
  type ThresholdChoices,
} from '../../calibration/histograms/threshold-table';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import type { Workspace } from '../projects/workspace';
import { needsThresholds } from '../variants/recipe';

/** Codes of the warnings that methodWarnings returns. */
const CODES: readonly string[] = ['best-undecided', 'best-stale', 'method-costly', 'tensor-sqnr'];

/** Whether a warning is about the thresholds in use. */
export function isMethodWarning({ code }: Pick<Warning, 'code'>): boolean {
  return CODES.includes(code);
}

/** Number of tensors that a warning names. */
const NAMED = 5;
/** A tensor is named only if the better method improves its SQNR by more than this, in dB. */
const WORTH_NAMING_DB = 1;

/** The variant to check, and what its thresholds come from. */
export interface MethodTask {
  readonly workspace: Workspace;
  readonly calibration: StoredCalibration | null;
  readonly model: Model;
  readonly target: Target;
  readonly variant: VariantName;
}

/** Result of methodWarnings. */
export interface MethodFindings {
  readonly warnings: readonly Warning[];
  /** The method that `best` stands for; absent if the variant does not use best. */
  readonly chosenMethod?: HistogramMethod;
}

/**
 * Warnings about the thresholds that a variant uses, derived from stored measurements: another method is better by more
 * than 3 dB at the outputs, a quantized tensor has less than 10 dB SQNR, or method best is not decided. There are none
 * for variants without INT8 layers, or if the threshold of a tensor is missing.
 */
export function methodWarnings({ workspace, calibration, model, target, variant }: MethodTask): MethodFindings {
  if (calibration === null || !needsThresholds(variant)) return { warnings: [] };
  const choices: ThresholdChoices = { ...workspace.file, target };
  const plan = planOfVariant(
    variant,
    workspace.file.plan,
    model.graph.node.map(({ name }) => layerId(name)),
  );
  const known = new Set(calibration.index.tensors.map(({ name }) => name));
  const tensors = quantizedParts(model, plan, target).tensors.filter((tensor) => known.has(tensor));
  const view = bestView(calibration, choices);
  const method = variant.method ?? methodOfAll(choices);
  const usesBest =
    method === 'best' ||
    (method === null && (choices.method === 'best' || Object.values(choices.tensorMethods).includes('best')));
  const inUse = knownThresholds(calibration, choices, variant.method ?? undefined);
  if (inUse === null) return { warnings: [] };
  const warnings = [
    ...(usesBest ? undecided(view) : []),
    ...(view === null
      ? []
      : costWarnings({ view, method, named: variant.method ?? undefined, inUse, tensors, calibration, choices })),
    ...poorTensors(calibration, inUse, tensors),
  ];
  return { warnings, ...(usesBest ? { chosenMethod: view?.decision.chosenMethod ?? UNDECIDED_METHOD } : {}) };
}

function knownThresholds(
  calibration: StoredCalibration,
  choices: ThresholdChoices,
  method: Method | undefined,
): Record<string, number> | null {
  try {
    return thresholdsInUse(calibration, choices, method);
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'calibration-missing') return null;
    throw error;
  }
}

function undecided(view: BestView | null): Warning[] {
  if (view === null)
    return [
      {
        code: 'best-undecided',
        message:
          `Method best is not decided yet: ${UNDECIDED_METHOD} is used until the project is calibrated again ` +
          'or run.',
      },
    ];
  const { decision, isCurrent } = view;
  if (decision.problem !== undefined)
    return [
      {
        code: 'best-undecided',
        message: `Method best cannot be decided: ${decision.problem}. ${decision.chosenMethod} is used.`,
      },
    ];
  if (isCurrent) return [];
  return [
    {
      code: 'best-stale',
      message:
        `Method best is ${decision.chosenMethod}, as it was decided for another plan, target or percentile; ` +
        'the next calibration or run decides again.',
    },
  ];
}

interface CostTask {
  readonly view: BestView;
  /** The single method of all tensors; null if tensors have different ones. */
  readonly method: Method | null;
  /** The method that the name of the variant states; undefined if it uses the project's methods. */
  readonly named: Method | undefined;
  readonly inUse: Readonly<Record<string, number>>;
  readonly tensors: readonly string[];
  readonly calibration: StoredCalibration;
  readonly choices: ThresholdChoices;
}

/** A warning if the thresholds in use lose more at the outputs than those of the best single method. */
function costWarnings({
  view,
  method,
  named: methodOfVariant,
  inUse,
  tensors,
  calibration,
  choices,
}: CostTask): Warning[] {
  const { decision } = view;
  const [best] = decision.singles;
  const own = method === 'best' ? undefined : costInUse(calibration, choices, decision, methodOfVariant);
  if (best === undefined || best.nmse === null || own === undefined) return [];
  // A loss in dB is one of output errors.
  if (best.agreement !== undefined || own.agreement !== undefined) return [];
  const lost = costAgainstBest(own.nmse, decision);
  if (lost !== null && lost <= COSTLY_DB) return [];
  const subject =
    method === null ? 'The thresholds in use, some of them chosen for single tensors,' : `Method ${method}`;
  const ending = method === null ? '' : 's';
  const loss =
    lost === null
      ? `make${ending} outputs that contain NaN or infinity`
      : `lose${ending} ${formatDb(lost)} at the output against ${best.method} for all tensors: ` +
        `SQNR ${sqnrText(own)} against ${sqnrText(best)}`;
  const better = thresholdsInUse(calibration, choices, best.method);
  const named = harmfulTensors({ inUse, better, tensors, calibration }).map(({ tensor, sqnrDb, betterDb, group }) => {
    const where = group === null ? '' : ` in group ${group}`;
    return `"${tensor}" ${formatDb(sqnrDb)}${where} (${best.method}: ${formatDb(betterDb)})`;
  });
  const tensorText = named.length === 0 ? '' : ` Tensors that lose most: ${named.join(', ')}.`;
  return [{ code: 'method-costly', message: `${subject} ${loss} (${measuredOn(view, choices)}).${tensorText}` }];
}

function measuredOn({ decision, isCurrent }: BestView, { target }: ThresholdChoices): string {
  const where = decision.groups.length > 0 ? ', worst group' : '';
  const stale = isCurrent
    ? ''
    : decision.target === target
      ? ', measured with another plan'
      : `, measured for target ${decision.target}`;
  return `on ${formatCountOf(decision.images, 'calibration image')}${where}${stale}`;
}

function sqnrText({ sqnrDb, worstGroup, worstOutput }: OutputCost): string {
  const where = [
    worstOutput === null ? '' : `output "${worstOutput}"`,
    worstGroup === null ? '' : `group ${worstGroup}`,
  ]
    .filter((text) => text !== '')
    .join(', ');
  return `${sqnrDb === null ? 'without error' : formatDb(sqnrDb)}${where === '' ? '' : ` (${where})`}`;
}

/**
 * A tensor that loses SQNR against better thresholds, in the group where it loses most; null if there are no groups.
 */
interface Harm {
  readonly tensor: string;
  readonly group: string | null;
  readonly sqnrDb: number;
  readonly betterDb: number;
}

/**
 * The tensors that lose most against the better thresholds, each in the group in which its relative noise grows most.
 */
function harmfulTensors({
  inUse,
  better,
  tensors,
  calibration,
}: { readonly inUse: Readonly<Record<string, number>>; readonly better: Readonly<Record<string, number>> } & Pick<
  CostTask,
  'tensors' | 'calibration'
>): Harm[] {
  const harms = tensors.flatMap((tensor) => {
    const own = ownValue(inUse, tensor);
    const other = ownValue(better, tensor);
    if (own === undefined || other === undefined || own === other) return [];
    const groups = Object.entries(calibration.groups(tensor)).map(([group, histogram]) => {
      const sqnrDb = sqnrDbAt(histogram, own);
      const betterDb = sqnrDbAt(histogram, other);
      return {
        tensor,
        group: group === '' ? null : group,
        sqnrDb,
        betterDb,
        added: 10 ** (-sqnrDb / 10) - 10 ** (-betterDb / 10),
      };
    });
    return groups
      .filter((harm) => harm.betterDb - harm.sqnrDb > WORTH_NAMING_DB)
      .sort((a, b) => b.added - a.added)
      .slice(0, 1);
  });
  return harms.sort((a, b) => b.added - a.added).slice(0, NAMED);
}

/** A warning if quantized tensors have little SQNR with the thresholds in use. */
function poorTensors(
  calibration: StoredCalibration,
  inUse: Readonly<Record<string, number>>,
  tensors: readonly string[],
): Warning[] {
  const poor = tensors
    .map((tensor) => ({
      tensor,
      sqnrDb: sqnrDbAt(calibration.total(tensor), ownValue(inUse, tensor) ?? 0),
    }))
    .filter(({ sqnrDb }) => sqnrDb < POOR_TENSOR_DB)
    .sort((a, b) => a.sqnrDb - b.sqnrDb);
  if (poor.length === 0) return [];
  const named = poor.slice(0, NAMED).map(({ tensor, sqnrDb }) => `"${tensor}" ${formatDb(sqnrDb)}`);
  const more = poor.length > NAMED ? ` and ${poor.length - NAMED} more` : '';
  const have = poor.length === 1 ? '1 quantized tensor has' : `${poor.length} quantized tensors have`;
  return [
    {
      code: 'tensor-sqnr',
      message:
        `${have} less than ${POOR_TENSOR_DB} dB SQNR with the thresholds in use: ${named.join(', ')}${more}. ` +
        'Give them other thresholds, or keep the layers that read them in FP16.',
    },
  ];
}
