import { resolve } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { unreachable } from '../../../src-shared/base/assert';
import { ownValue } from '../../../src-shared/base/records';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { nearestName, requireMatches } from '../../../src-shared/domain/glob';
import type { Method } from '../../../src-shared/domain/project/methods';
import { applyChange, decisionsOf, withDecisions } from '../../../src-shared/domain/project/decisions';
import { normalPreprocessing } from '../../../src-shared/domain/project/preprocessing';
import {
  choiceOf,
  withChoices,
  withRepair,
  withSmoothing,
  withWeightMethod,
  type PrecisionChoice,
} from '../../../src-shared/domain/project/precision';
import type { ProjectFile, SetReference } from '../../../src-shared/domain/project/project';
import type { Compute } from '../../compute/pool/protocol';
import { calibrationTensors } from '../../quantization/rewrite/calibration-tensors';
import { loadImageSet } from '../../calibration/images/image-set';
import { requirePlannedLayers } from '../../quantization/placement/plan';
import { firstAndHeadFp16 } from '../../quantization/placement/presets';
import type { Model } from '../../onnx/graph/model';
import { checkInputs, projectInputs } from './project-inputs';
import { checkProjectModel } from './project-store';
import { checkTask, withTask } from './task-edit';
import { measuredKernels, withMeasured } from '../tuning/measured-plan';
import { chooseTables, type StoredTable } from '../variants/kernel-times';
import { withoutGuesses, type GuessedEdit } from './task-guess';
import { requireNoStaleThresholds, requireOriginalValues, rescalesOtherwise } from './rescaled-model';
import { prepare, prepared, setRequest, workspaceOf, type Workspace } from './workspace';

/** Thresholds in real units whose scale, threshold / 127, is a normal float32. */
const MIN_THRESHOLD = 1e-35;
const MAX_THRESHOLD = 1e38;
/** In percent. A threshold below the median would clip most values. */
const MIN_PERCENTILE = 50;

/**
 * Applies edits in order to a copy of the project file. No edit is applied if one of them fails.
 * @throws WorkbenchError edit-conflict when a layer was changed after the author of an edit read it; not-found or usage
 *   when an edit names something that does not exist or has an unusable value
 */
export async function applyEdits(
  workspace: Workspace,
  edits: readonly ProjectEdit[],
  compute: Compute,
  tables: readonly StoredTable[] = [],
): Promise<ProjectFile> {
  // Preparing may read the model, so that a new path of the model is applied first.
  const moved = edits.findLast((edit) => edit.kind === 'model');
  const located = moved ? workspaceOf(workspace.path, withModelPath(workspace.file, moved.modelPath)) : workspace;
  if (moved) await checkProjectModel(located.file);
  const model = await prepared(located, compute, {});
  const precisionEdits = edits.filter(isPrecisionEdit);
  requireKnownLayers(precisionEdits, model);
  requireNoConflict(precisionEdits, workspace.file);
  const edited = applyInOrder(workspace.file, await withoutGuesses(edits, located, compute), { model, tables });
  // A new set is loaded, so that what is wrong with it is said before it is written down.
  const { calibrationSet, validationSet } = edited;
  if (isOtherSet(calibrationSet, workspace.file.calibrationSet))
    await loadImageSet(setRequest(calibrationSet, edited, 'calibration'));
  if (validationSet !== null && isOtherSet(validationSet, workspace.file.validationSet))
    await loadImageSet(setRequest(validationSet, edited, 'validation'));
  if (rescalesOtherwise(workspace.file.plan, edited.plan)) {
    const rescaled = new Set<string>();
    for (const { plan } of [workspace.file, edited]) {
      const { equalized, smoothed } = await prepare(workspaceOf(workspace.path, { ...edited, plan }), compute, {});
      for (const tensor of [...(equalized?.tensors ?? []), ...(smoothed?.tensors ?? [])]) rescaled.add(tensor);
    }
    requireNoStaleThresholds(workspace.file, edited, rescaled);
  }
  return edited;
}

function isOtherSet(set: SetReference, before: SetReference | null): boolean {
  return set.path !== before?.path || set.labels !== before.labels || set.classNames !== before.classNames;
}

/** What edits refer to. */
interface Known {
  readonly model: Model;
  readonly tables: readonly StoredTable[];
}

/** Applies successive precision edits together, because each change of the plan copies the entries of all layers. */
function applyInOrder(
  file: ProjectFile,
  edits: readonly Exclude<ProjectEdit, GuessedEdit>[],
  known: Known,
): ProjectFile {
  let edited = file;
  let pending: PrecisionEdit[] = [];
  const flush = (): void => {
    if (pending.length === 0) return;
    const choices = pending.map(({ layer, precision }) => [layer, precision] as const);
    edited = { ...edited, plan: withChoices(edited.plan, choices) };
    pending = [];
  };
  for (const edit of edits) {
    if (isPrecisionEdit(edit)) {
      pending.push(edit);
    } else {
      flush();
      edited = applyEdit(edited, edit, known);
    }
  }
  flush();
  return edited;
}

function applyEdit(
  file: ProjectFile,
  edit: Exclude<ProjectEdit, PrecisionEdit | GuessedEdit>,
  { model, tables }: Known,
): ProjectFile {
  switch (edit.kind) {
    case 'method':
      requireUsableMethod(edit.method, file);
      return { ...file, method: edit.method };
    case 'percentile':
      if (!(edit.percentile >= MIN_PERCENTILE && edit.percentile <= 100))
        throw new WorkbenchError(
          'usage',
          `Expected a percentile in percent, from ${MIN_PERCENTILE} to 100 (99.99 is usual), found ${edit.percentile}`,
        );
      return { ...file, percentile: edit.percentile };
    case 'target':
      return { ...file, target: edit.target };
    case 'tensor-method': {
      const tensors = matchingTensors(edit.tensor, model);
      requireKnownThresholds(edit.method, tensors, file);
      return {
        ...file,
        tensorMethods: { ...file.tensorMethods, ...Object.fromEntries(tensors.map((name) => [name, edit.method])) },
      };
    }
    case 'threshold': {
      if (!(edit.thresholdReal >= MIN_THRESHOLD && edit.thresholdReal <= MAX_THRESHOLD)) {
        throw new WorkbenchError(
          'usage',
          `Expected a threshold in real units from ${MIN_THRESHOLD} to ${MAX_THRESHOLD}, found ${edit.thresholdReal}`,
        );
      }
      const tensors = matchingTensors(edit.tensor, model);
      return {
        ...file,
        tensorMethods: {
          ...file.tensorMethods,
          ...Object.fromEntries(tensors.map((name) => [name, 'manual' as const])),
        },
        manualThresholds: {
          ...file.manualThresholds,
          ...Object.fromEntries(tensors.map((name) => [name, edit.thresholdReal])),
        },
      };
    }
    case 'clear-tensor': {
      const cleared = new Set(matchingTensors(edit.tensor, model));
      return {
        ...file,
        tensorMethods: without(file.tensorMethods, cleared),
        manualThresholds: without(file.manualThresholds, cleared),
      };
    }
    case 'fallback-precision':
      return { ...file, plan: { ...file.plan, fallbackPrecision: edit.precision } };
    case 'attention':
      return { ...file, plan: { ...file.plan, attention: edit.attention } };
    case 'repair':
      return { ...file, plan: withRepair(file.plan, edit.repair, edit.isOn) };
    case 'weights': {
      const plan = withWeightMethod(file.plan, [edit.layer], edit.method);
      requirePlannedLayers(plan, model);
      return { ...file, plan };
    }
    case 'smoothing':
      return { ...file, plan: withSmoothing(file.plan, edit.key) };
    case 'kernel-times': {
      const found = edit.gpu === null ? null : chooseTables(tables, edit.gpu);
      return { ...file, plan: withMeasured(file.plan, found && measuredKernels(model, found)) };
    }
    case 'plan':
      requirePlannedLayers(edit.plan, model);
      return { ...file, plan: edit.plan };
    case 'preset':
      return edit.preset === 'all-int8'
        ? { ...file, plan: { ...file.plan, layers: {} } }
        : {
            ...file,
            plan: withChoices(
              file.plan,
              firstAndHeadFp16(model, file.target).map((layer) => [layer, 'fp16']),
            ),
          };
    case 'gates':
      return withGates(file, edit);
    case 'preprocessing':
      checkInputs(model, { ...file, preprocessing: edit.preprocessing });
      return { ...file, preprocessing: normalPreprocessing(edit.preprocessing), preprocessingNotes: [] };
    case 'inputs': {
      const inputs = { ...(file.inputs ?? projectInputs(model, edit.inputs).sources), ...edit.inputs };
      checkInputs(model, { ...file, inputs });
      return { ...file, inputs };
    }
    case 'task':
      return withTask(file, edit.task, model);
    case 'sets':
      return withSets(file, edit);
    case 'model':
      return withModelPath(file, edit.modelPath);
    case 'restore': {
      const { base, decisions } = edit;
      const restored = base === undefined ? decisions : applyChange(decisionsOf(file), base, decisions);
      checkInputs(model, restored);
      requirePlannedLayers(restored.plan, model);
      if (restored.task !== undefined) checkTask(restored.task, model);
      return withDecisions(file, restored);
    }
    default:
      return unreachable(edit);
  }
}

function withModelPath(file: ProjectFile, modelPath: string): ProjectFile {
  return { ...file, model: { ...file.model, path: resolve(modelPath) } };
}

/** Refuses a method for all tensors that has no thresholds, because every later step would fail. */
function requireUsableMethod(method: Method, file: ProjectFile): void {
  if (method === 'imported') requireOriginalValues({ path: 'PROJECT', file }, 'Method imported');
  if (method === 'manual') {
    throw new WorkbenchError('usage', 'Method manual needs a threshold for each tensor', {
      hint: advise('set-threshold'),
    });
  }
  if (method === 'imported' && Object.keys(file.importedThresholds).length === 0) {
    throw new WorkbenchError('calibration-missing', 'No thresholds were imported', {
      hint: advise('import-cache'),
    });
  }
}

/** Refuses a method for some tensors if a threshold by hand, or an imported one, is missing for one of them. */
function requireKnownThresholds(method: Method, tensors: readonly string[], file: ProjectFile): void {
  if (method === 'imported') requireOriginalValues({ path: 'PROJECT', file }, 'Method imported');
  const known = method === 'manual' ? file.manualThresholds : method === 'imported' ? file.importedThresholds : null;
  const missing = known === null ? undefined : tensors.find((name) => ownValue(known, name) === undefined);
  if (missing === undefined) return;
  const hint = method === 'manual' ? advise('set-threshold-of', { tensor: missing }) : advise('import-cache-of-tensor');
  throw new WorkbenchError('usage', `There is no ${method} threshold of tensor "${missing}"`, { hint });
}

/**
 * Labels and class names belong to the folder that was named with them and are dropped with it. Both sets share a label
 * order. @throws WorkbenchError usage for labels without a validation set
 */
function withSets(file: ProjectFile, edit: Extract<ProjectEdit, { kind: 'sets' }>): ProjectFile {
  const { calibrationPath, validationPath } = edit;
  const order = edit.labelOrder ?? file.calibrationSet.labelOrder;
  const ordered = (set: SetReference): SetReference => ({
    ...set,
    ...(order === undefined ? {} : { labelOrder: order }),
  });
  const calibrationSet =
    calibrationPath === undefined ? file.calibrationSet : { path: resolve(calibrationPath), labels: null };
  const validationSet =
    validationPath === undefined
      ? file.validationSet
      : validationPath === null
        ? null
        : { path: resolve(validationPath), labels: null };
  if (validationSet === null && (edit.labelsPath ?? edit.classNamesPath ?? null) !== null)
    throw new WorkbenchError('usage', 'Labels and class names belong to a validation set, and the project has none', {
      hint: advise('name-validation-set'),
    });
  return {
    ...file,
    calibrationSet: ordered(calibrationSet),
    validationSet: validationSet && ordered(withLabels(validationSet, edit)),
  };
}

function withLabels(
  set: SetReference,
  { labelsPath, classNamesPath }: Extract<ProjectEdit, { kind: 'sets' }>,
): SetReference {
  const { classNames, classOrder, ...others } = set;
  const isOrderKept = classOrder !== undefined && labelsPath === undefined && classNamesPath === undefined;
  const named =
    classNamesPath === undefined ? classNames : classNamesPath === null ? undefined : resolve(classNamesPath);
  return {
    ...others,
    ...(labelsPath === undefined ? {} : { labels: labelsPath === null ? null : resolve(labelsPath) }),
    ...(named === undefined ? {} : { classNames: named }),
    ...(isOrderKept ? { classOrder } : {}),
  };
}

type PrecisionEdit = Extract<ProjectEdit, { kind: 'precision' }>;

function isPrecisionEdit(edit: ProjectEdit): edit is PrecisionEdit {
  return edit.kind === 'precision';
}

/**
 * Refuses precision edits of layers that have another choice than the one that their author saw.
 * @throws WorkbenchError edit-conflict, which names the first such layer and the number of the others
 */
function requireNoConflict(edits: readonly PrecisionEdit[], { plan }: ProjectFile): void {
  const conflicting = [
    ...new Map(
      edits.filter(({ layer, base }) => choiceOf(plan, layer) !== base).map((edit) => [edit.layer, edit]),
    ).values(),
  ];
  const [first, ...others] = conflicting;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and ${formatCountOf(others.length, 'more layer')})`;
  throw new WorkbenchError(
    'edit-conflict',
    `The precision of layer "${first.layer}"${more} was changed meanwhile: expected ${choiceName(first.base)}, ` +
      `found ${choiceName(choiceOf(plan, first.layer))}`,
    { hint: 'Read the project again, and repeat the edit if it is still wanted.' },
  );
}

function choiceName(choice: PrecisionChoice): string {
  return choice === 'auto' ? 'Auto' : choice.toUpperCase();
}

/** @throws WorkbenchError not-found when the model does not have one of the layers */
function requireKnownLayers(edits: readonly PrecisionEdit[], model: Model): void {
  const names = model.graph.node.map(({ name }) => name);
  const known = new Set(names);
  const unknown = edits.find(({ layer }) => !known.has(layer));
  if (unknown === undefined) return;
  const near = nearestName(unknown.layer, names);
  throw new WorkbenchError(
    'not-found',
    `The model has no layer "${unknown.layer}"${near === null ? '' : `; the nearest name is "${near}"`}`,
    { hint: advise('list-layers-of-project') },
  );
}

function without<T>(record: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)));
}

function matchingTensors(pattern: string, model: Model): string[] {
  return requireMatches(pattern, calibrationTensors(model), {
    what: 'tensor',
    hint: advise('list-tensors'),
  });
}

function withGates(file: ProjectFile, { gates, baseline }: Extract<ProjectEdit, { kind: 'gates' }>): ProjectFile {
  const changed = { ...file, gates: { ...file.gates, ...gates } };
  if (baseline === undefined) return changed;
  const limits = Object.entries({ ...file.baselineGates, ...baseline }).flatMap(([name, limit]) =>
    limit === null ? [] : [[name, limit] as const],
  );
  return { ...changed, baselineGates: Object.fromEntries(limits) };
}
