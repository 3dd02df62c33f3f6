import { applyChange, decisionsOf, withDecisions } from '../../../../src-shared/domain/project/decisions';
import type { WorkbenchApi, WorkbenchEvent } from '../../../../src-shared/contract/api';
import type { ProjectEdit } from '../../../../src-shared/contract/requests';
import type { ProjectDecisions } from '../../../../src-shared/domain/project/project';
import type { ProjectView } from '../../../../src-shared/contract/views';
import type { JobSnapshot } from '../../../../src-shared/contract/jobs';
import { WorkbenchError } from '../../../../src-shared/base/errors';
import { choiceOf, withChoices } from '../../../../src-shared/domain/project/precision';
import { jobId } from '../../../../src-shared/base/brand';

const DECISIONS: ProjectDecisions = {
  method: 'entropy',
  percentile: 99.99,
  tensorMethods: {},
  manualThresholds: {},
  plan: { layers: {} },
  target: 'onnxruntime',
  gates: { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null },
  preprocessing: { resize: { kind: 'none' }, crop: null, order: 'rgb', scale: 1, mean: [0], std: [1], layout: 'nchw' },
  calibrationSet: { path: '/data/calibration', labels: null },
  validationSet: null,
};

export function projectView(
  path = '/data/a.calib',
  changes: Partial<ProjectDecisions> = {},
  calibrated = true,
): ProjectView {
  return {
    path,
    calibrated,
    file: {
      version: 1,
      name: 'a',
      model: { path: '/data/a.onnx', sha256: '0' },
      preprocessingNotes: [],
      importedThresholds: {},
      ...DECISIONS,
      ...changes,
    },
  };
}

export function jobSnapshot(changes: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    id: jobId('job-1'),
    kind: 'calibrate',
    projectPath: '/data/a.calib',
    sequence: 1,
    state: 'running',
    phase: 'collecting histograms',
    done: 10,
    total: 100,
    unit: 'images',
    etaSeconds: 9,
    error: null,
    forced: false,
    result: null,
    ...changes,
  };
}

export interface FakeApi {
  readonly api: WorkbenchApi;
  readonly emit: (event: WorkbenchEvent) => void;
  /** Names of the methods called, in order. */
  readonly calls: string[];
  /** The project as the application has it. */
  project: ProjectView;
  jobs: JobSnapshot[];
  /** Replaces the answer of a method. */
  readonly answers: Partial<Record<keyof WorkbenchApi, (request: never) => unknown>>;
}

/** An application with one project that applies the edits the tests use; everything else answers what a test says. */
export function fakeApi(project = projectView()): FakeApi {
  const listeners = new Set<(event: WorkbenchEvent) => void>();
  const fake: FakeApi = {
    project,
    jobs: [],
    calls: [],
    answers: {},
    emit: (event) => listeners.forEach((listener) => listener(event)),
    api: undefined as unknown as WorkbenchApi,
  };
  const answer = async (method: string, request: never): Promise<unknown> => {
    fake.calls.push(method);
    const custom = fake.answers[method as keyof WorkbenchApi];
    if (custom !== undefined) return custom(request);
    switch (method) {
      case 'openProject':
        return fake.project;
      case 'editProject':
        fake.project = {
          ...fake.project,
          file: applyAll(fake.project.file, (request as { edits: readonly ProjectEdit[] }).edits),
        };
        return fake.project;
      case 'getModel':
        return { inputs: [], outputs: [], layers: [], calibrationTensors: [] };
      case 'getThresholds':
        return { method: fake.project.file.method, tensors: [] };
      case 'listJobs':
        return fake.jobs;
      default:
        throw new Error(`The fake application has no answer for ${method}`);
    }
  };
  const api = new Proxy({} as WorkbenchApi, {
    get: (_, method: string) =>
      method === 'subscribe'
        ? (listener: (event: WorkbenchEvent) => void) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          }
        : (request: never) => answer(method, request),
  });
  return Object.assign(fake, { api });
}

function applyAll(file: ProjectView['file'], edits: readonly ProjectEdit[]): ProjectView['file'] {
  return edits.reduce((current, edit) => {
    if (edit.kind === 'restore')
      return withDecisions(
        current,
        edit.base ? applyChange(decisionsOf(current), edit.base, edit.decisions) : edit.decisions,
      );
    if (edit.kind === 'method') return { ...current, method: edit.method };
    if (edit.kind === 'threshold')
      return { ...current, manualThresholds: { ...current.manualThresholds, [edit.tensor]: edit.thresholdReal } };
    if (edit.kind === 'precision' && choiceOf(file.plan, edit.layer) !== edit.base)
      throw new WorkbenchError('edit-conflict', `Layer "${edit.layer}" was changed meanwhile`);
    if (edit.kind === 'precision')
      return { ...current, plan: withChoices(current.plan, [[edit.layer, edit.precision]]) };
    if (edit.kind === 'preprocessing') return { ...current, preprocessing: edit.preprocessing };
    if (edit.kind === 'plan') return { ...current, plan: edit.plan };
    throw new Error(`The fake application cannot apply ${edit.kind}`);
  }, file);
}
