import { applyChange, decisionsOf, withDecisions } from '../../src-shared/domain/project/decisions';
import { API_METHODS, type WorkbenchApi } from '../../src-shared/contract/api';
import type { ProjectEdit } from '../../src-shared/contract/requests';
import type { ModelView, ProjectView } from '../../src-shared/contract/views';
import { WorkbenchError } from '../../src-shared/base/errors';
import { withChoices, withRepair, withSmoothing, withWeightMethod } from '../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import { generatedModel, generatedThresholds } from './generated-model';

/**
 * An application with one calibrated project of a generated model; precision edits, presets, repairs, target and
 * restore work.
 */
export function fakeModelApi(layerCount: number): WorkbenchApi {
  let file = projectFile();
  const view = (): ProjectView => ({ path: '/projects/generated.calib', file, calibrated: true });
  const model = (): ModelView => generatedModel(layerCount, file.plan);
  const names = model().layers.map((layer) => layer.layer);
  const answers: Partial<WorkbenchApi> = {
    openProject: async () => view(),
    editProject: async ({ edits }) => {
      file = edits.reduce((before, edit) => applied(before, edit, names), file);
      return view();
    },
    getModel: async () => model(),
    getThresholds: async () => generatedThresholds(model()),
    listJobs: async () => [],
    subscribe: () => () => undefined,
  };
  const refuse = (): Promise<never> =>
    Promise.reject(new WorkbenchError('usage', 'The generated project does not answer this'));
  return { ...Object.fromEntries(API_METHODS.map((method) => [method, refuse])), ...answers } as WorkbenchApi;
}

function applied(file: ProjectFile, edit: ProjectEdit, names: readonly string[]): ProjectFile {
  switch (edit.kind) {
    case 'precision':
      if (!names.includes(edit.layer)) throw new WorkbenchError('not-found', `No layer "${edit.layer}"`);
      return { ...file, plan: withChoices(file.plan, [[edit.layer, edit.precision]]) };
    case 'preset':
      if (edit.preset === 'all-int8') return { ...file, plan: { layers: {} } };
      return {
        ...file,
        plan: { layers: { ...file.plan.layers, [names[0] ?? '']: 'fp16', [names.at(-1) ?? '']: 'fp16' } },
      };
    case 'weights':
      return { ...file, plan: withWeightMethod(file.plan, [edit.layer], edit.method) };
    case 'smoothing':
      return { ...file, plan: withSmoothing(file.plan, edit.key) };
    case 'repair':
      return { ...file, plan: withRepair(file.plan, edit.repair, edit.isOn) };
    case 'target':
      return { ...file, target: edit.target };
    case 'restore':
      return withDecisions(
        file,
        edit.base ? applyChange(decisionsOf(file), edit.base, edit.decisions) : edit.decisions,
      );
    default:
      throw new WorkbenchError('usage', `The generated project knows no edit ${edit.kind}`);
  }
}

function projectFile(): ProjectFile {
  return {
    version: 1,
    name: 'generated',
    model: { path: '/models/generated.onnx', sha256: '0'.repeat(64) },
    calibrationSet: { path: '/images', labels: null },
    validationSet: null,
    preprocessing: {
      resize: { kind: 'none' },
      crop: null,
      order: 'rgb',
      scale: 1,
      mean: [0],
      std: [1],
      layout: 'nchw',
    },
    preprocessingNotes: [],
    method: 'entropy',
    percentile: 99.99,
    tensorMethods: {},
    manualThresholds: {},
    importedThresholds: {},
    plan: { layers: {} },
    target: 'onnxruntime',
    gates: { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null },
  };
}
