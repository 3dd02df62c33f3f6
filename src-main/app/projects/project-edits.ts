import { resolve } from 'node:path';
import { unreachable } from '../../../src-shared/base/assert';
import { ownValue } from '../../../src-shared/base/records';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { matchGlob } from '../../../src-shared/domain/glob';
import type { Method } from '../../../src-shared/domain/project/methods';
import { normalPreprocessing } from '../../../src-shared/domain/project/preprocessing';
import {
  EMPTY_PLAN,
  hasRepair,
  withRepair,
  type Precision,
  type Target,
} from '../../../src-shared/domain/project/precision';
import type { ProjectFile, SetReference } from '../../../src-shared/domain/project/project';
import type { Compute } from '../../compute/pool/protocol';
import { calibrationTensors } from '../../quantization/rewrite/calibration-tensors';
import { loadImageSet } from '../../calibration/images/image-set';
import { checkPreprocessing } from '../../calibration/preprocessing/preprocessing-check';
import { imageInputOf } from '../../onnx/graph/inspect';
import { requirePlannedLayers } from '../../quantization/placement/plan';
import { firstAndHeadFp16 } from '../../quantization/placement/presets';
import { placeQdq } from '../../quantization/rewrite/quantize';
import { isAboutSpeed } from '../../quantization/rules/tensorrt-rules';
import type { Model } from '../../onnx/graph/model';
import { checkProjectModel } from './project-store';
import { requireUnequalizedModel, requireNoStaleThresholds } from './unequalized-model';
import { prepare, prepared, workspaceOf, type Workspace } from './workspace';

/** Thresholds whose scale, a 127th, is a normal float32. */
const MIN_THRESHOLD = 1e-35;
const MAX_THRESHOLD = 1e38;
/** Below the median a threshold would clip most values. */
const MIN_PERCENTILE = 50;

/** Applies edits in order to a copy of the project file; nothing is changed when one of them fails. */
export async function applyEdits(
  workspace: Workspace,
  edits: readonly ProjectEdit[],
  compute: Compute,
): Promise<ProjectFile> {
  // Preparing may have to read the model: where it lies comes first.
  const moved = edits.findLast((edit) => edit.kind === 'model');
  const located = moved ? workspaceOf(workspace.path, withModelPath(workspace.file, moved.modelPath)) : workspace;
  if (moved) await checkProjectModel(located.file);
  const model = await prepared(located, compute, {});
  const edited = edits.reduce((file, edit) => applyEdit(file, edit, model), workspace.file);
  for (const set of [edited.calibrationSet, edited.validationSet]) {
    const isNew =
      set !== null && ![workspace.file.calibrationSet.path, workspace.file.validationSet?.path].includes(set.path);
    if (isNew) await loadImageSet({ path: set.path }); // says what is wrong with it before it is written down
  }
  if (hasRepair(edited.plan, 'equalization') !== hasRepair(workspace.file.plan, 'equalization')) {
    const equalized = workspaceOf(workspace.path, { ...edited, plan: withRepair(edited.plan, 'equalization', true) });
    requireNoStaleThresholds(workspace.file, edited, (await prepare(equalized, compute, {})).equalized);
  }
  return edited;
}

function applyEdit(file: ProjectFile, edit: ProjectEdit, model: Model): ProjectFile {
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
    case 'precision':
      return withPrecision(file, matchingLayers(edit.layer, model), edit.precision, model);
    case 'fallback-precision':
      return { ...file, plan: { ...file.plan, fallbackPrecision: edit.precision } };
    case 'attention':
      return { ...file, plan: { ...file.plan, attention: edit.attention } };
    case 'repair':
      return { ...file, plan: withRepair(file.plan, edit.repair, edit.isOn) };
    case 'plan':
      requirePlannedLayers(edit.plan, model);
      return { ...file, plan: edit.plan };
    case 'preset':
      return edit.preset === 'all-int8'
        ? { ...file, plan: { ...file.plan, layers: {} } }
        : withPrecision(file, firstAndHeadFp16(model, file.target), 'fp16', model);
    case 'gates':
      return { ...file, gates: { ...file.gates, ...edit.gates } };
    case 'preprocessing':
      checkPreprocessing(edit.preprocessing, imageInputOf(model));
      return { ...file, preprocessing: normalPreprocessing(edit.preprocessing), preprocessingNotes: [] };
    case 'sets':
      return withSets(file, edit);
    case 'model':
      return withModelPath(file, edit.modelPath);
    case 'restore':
      checkPreprocessing(edit.decisions.preprocessing, imageInputOf(model));
      requirePlannedLayers(edit.decisions.plan, model);
      return { ...file, ...edit.decisions };
    default:
      return unreachable(edit);
  }
}

function withModelPath(file: ProjectFile, modelPath: string): ProjectFile {
  return { ...file, model: { ...file.model, path: resolve(modelPath) } };
}

/** A method for all tensors that has nothing to say would fail every later step. */
function requireUsableMethod(method: Method, file: ProjectFile): void {
  if (method === 'imported') requireUnequalizedModel({ path: 'PROJECT', file }, 'Method imported');
  if (method === 'manual') {
    throw new WorkbenchError('usage', 'Method manual needs a threshold for each tensor', {
      hint: 'Set one: calib set PROJECT --tensor NAME --threshold X',
    });
  }
  if (method === 'imported' && Object.keys(file.importedThresholds).length === 0) {
    throw new WorkbenchError('calibration-missing', 'No thresholds were imported', {
      hint: 'Run: calib import PROJECT FILE.cache',
    });
  }
}

/** The same of some tensors: thresholds that a person gives must be there. */
function requireKnownThresholds(method: Method, tensors: readonly string[], file: ProjectFile): void {
  if (method === 'imported') requireUnequalizedModel({ path: 'PROJECT', file }, 'Method imported');
  const known = method === 'manual' ? file.manualThresholds : method === 'imported' ? file.importedThresholds : null;
  const missing = known === null ? undefined : tensors.find((name) => ownValue(known, name) === undefined);
  if (missing === undefined) return;
  const hint =
    method === 'manual'
      ? `Set one: calib set PROJECT --tensor "${missing}" --threshold X`
      : 'Import a cache that names it: calib import PROJECT FILE.cache';
  throw new WorkbenchError('usage', `There is no ${method} threshold of tensor "${missing}"`, { hint });
}

/** The set's own labels.csv belongs to the folder that was named with it: another folder brings its own. The order of labels holds for both sets. */
function withSets(file: ProjectFile, edit: Extract<ProjectEdit, { kind: 'sets' }>): ProjectFile {
  const { calibrationPath, validationPath } = edit;
  const order = edit.labelOrder ?? file.calibrationSet.labelOrder;
  const ordered = ({ path, labels }: SetReference): SetReference => ({
    path,
    labels,
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
  return { ...file, calibrationSet: ordered(calibrationSet), validationSet: validationSet && ordered(validationSet) };
}

/** int8 is what a layer has without an entry: it is written only where it overrules what the target would do for speed. */
function withPrecision(file: ProjectFile, layers: readonly string[], precision: Precision, model: Model): ProjectFile {
  const rest = without(file.plan.layers, new Set(layers));
  const overruled = precision === 'int8' ? keptFloatForSpeed(model, file.target) : new Set<string>();
  const written = precision === 'int8' ? layers.filter((name) => overruled.has(name)) : layers;
  const chosen = Object.fromEntries(written.map((name) => [name, precision]));
  return { ...file, plan: { ...file.plan, layers: { ...rest, ...chosen } } };
}

/** Layers that a target leaves out of INT8 because it would not pay. */
function keptFloatForSpeed(model: Model, target: Target): Set<string> {
  const { decisions } = placeQdq(model, EMPTY_PLAN, target);
  return new Set(
    decisions.filter((decision) => decision.tensor === undefined && isAboutSpeed(decision)).map(({ layer }) => layer),
  );
}

function without<T>(record: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)));
}

function matchingTensors(pattern: string, model: Model): string[] {
  return matching(pattern, calibrationTensors(model), 'tensor', '`calib thresholds PROJECT` lists the tensors.');
}

function matchingLayers(pattern: string, model: Model): string[] {
  return matching(
    pattern,
    model.graph.node.map((node) => node.name),
    'layer',
    '`calib quantize PROJECT --explain` lists the layers.',
  );
}

function matching(pattern: string, names: readonly string[], what: string, hint: string): string[] {
  const found = names.filter((name) => matchGlob(pattern, name));
  if (found.length > 0) return found;
  const near = nearest(pattern, names);
  throw new WorkbenchError(
    'not-found',
    `No ${what} matches "${pattern}"${near === null ? '' : `; the nearest name is "${near}"`}`,
    { hint },
  );
}

/** The name that shares the longest run of characters with the pattern, wildcards aside. */
function nearest(pattern: string, names: readonly string[]): string | null {
  const words = pattern.split(/[*?]+/).filter((word) => word.length >= 2);
  const score = (name: string): number =>
    Math.max(0, ...words.map((word) => longestCommonRun(word.toLowerCase(), name.toLowerCase())));
  const best = names.reduce<{ name: string; score: number } | null>((found, name) => {
    const own = score(name);
    return own >= 2 && (found === null || own > found.score) ? { name, score: own } : found;
  }, null);
  return best?.name ?? null;
}

function longestCommonRun(a: string, b: string): number {
  let best = 0;
  for (let start = 0; start < a.length; start++) {
    while (start + best < a.length && b.includes(a.slice(start, start + best + 1))) best++;
  }
  return best;
}
