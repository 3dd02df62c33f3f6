import {
  arrayOf,
  boolean,
  byKind,
  count,
  nullable,
  number,
  objectOf,
  oneOf,
  ShapeError,
  string,
  union,
  where,
  type Shape,
} from '../base/json-shape';
import { SENSITIVITY_KINDS, SENSITIVITY_METRICS, type DiagnosisSubject } from '../domain/analysis/analysis';
import { someHealthLimitsShape } from '../domain/health/health-limits';
import { LABEL_ORDERS } from '../domain/project/image-set';
import { METHODS, VARIANT_METHODS } from '../domain/project/methods';
import {
  ATTENTION_PRECISIONS,
  BACKENDS,
  PRECISION_CHOICES,
  REPAIRS,
  FALLBACK_PRECISIONS,
  TARGETS,
  type Target,
} from '../domain/project/precision';
import { TENSORRT_TYPINGS, type TensorrtOptions } from '../domain/engines/tensorrt-options';
import type { Preprocessing } from '../domain/project/preprocessing';
import {
  decisionFields,
  partialPreprocessingShape,
  percentileShape,
  planShape,
  preprocessingShape,
  someGatesShape,
} from '../domain/project/project-shape';
import { jobId, type JobId } from '../base/brand';
import { API_METHODS, type ApiMethod } from './api';
import type { CreateProjectRequest, ExportRequest, ProjectDecisions, ProjectEdit, SetName } from './requests';
import { WorkbenchError } from '../base/errors';
import type {
  AnalysisSpec,
  AutoSpec,
  BenchSpec,
  BestSpec,
  BuildSpec,
  DiagnoseSpec,
  HealthSpec,
  JobSpec,
  QuantizeSpec,
  RepairSpec,
  RunSpec,
  SearchSpec,
  SensitivitySpec,
  Shard,
  ValidateSpec,
} from './job-specs';

/** What comes over a link is parsed once, here; code behind it can rely on the types. */

const projectPath = { projectPath: string };
const empty: Shape<Record<string, never>> = objectOf({}, {});
const activationType = oneOf('int8', 'uint8');
const whole = where(count, 'an integer of at least 1', (value) => value > 0);
const jobIdShape: Shape<JobId> = (value, path) => jobId(string(value, path));

const decisions: Shape<ProjectDecisions> = objectOf<ProjectDecisions>(decisionFields, {});

const edit = byKind<ProjectEdit>({
  method: objectOf<Extract<ProjectEdit, { kind: 'method' }>>({ kind: oneOf('method'), method: oneOf(...METHODS) }, {}),
  percentile: objectOf<Extract<ProjectEdit, { kind: 'percentile' }>>(
    { kind: oneOf('percentile'), percentile: percentileShape },
    {},
  ),
  'tensor-method': objectOf<Extract<ProjectEdit, { kind: 'tensor-method' }>>(
    { kind: oneOf('tensor-method'), tensor: string, method: oneOf(...METHODS) },
    {},
  ),
  threshold: objectOf<Extract<ProjectEdit, { kind: 'threshold' }>>(
    { kind: oneOf('threshold'), tensor: string, thresholdReal: number },
    {},
  ),
  'clear-tensor': objectOf<Extract<ProjectEdit, { kind: 'clear-tensor' }>>(
    { kind: oneOf('clear-tensor'), tensor: string },
    {},
  ),
  precision: objectOf<Extract<ProjectEdit, { kind: 'precision' }>>(
    {
      kind: oneOf('precision'),
      layer: string,
      precision: oneOf(...PRECISION_CHOICES),
      base: oneOf(...PRECISION_CHOICES),
    },
    {},
  ),
  'fallback-precision': objectOf<Extract<ProjectEdit, { kind: 'fallback-precision' }>>(
    { kind: oneOf('fallback-precision'), precision: oneOf(...FALLBACK_PRECISIONS) },
    {},
  ),
  attention: objectOf<Extract<ProjectEdit, { kind: 'attention' }>>(
    { kind: oneOf('attention'), attention: oneOf(...ATTENTION_PRECISIONS) },
    {},
  ),
  repair: objectOf<Extract<ProjectEdit, { kind: 'repair' }>>(
    { kind: oneOf('repair'), repair: oneOf(...REPAIRS), isOn: boolean },
    {},
  ),
  plan: objectOf<Extract<ProjectEdit, { kind: 'plan' }>>({ kind: oneOf('plan'), plan: planShape }, {}),
  preset: objectOf<Extract<ProjectEdit, { kind: 'preset' }>>(
    { kind: oneOf('preset'), preset: oneOf('first-and-head-fp16', 'all-int8') },
    {},
  ),
  target: objectOf<Extract<ProjectEdit, { kind: 'target' }>>({ kind: oneOf('target'), target: oneOf(...TARGETS) }, {}),
  gates: objectOf<Extract<ProjectEdit, { kind: 'gates' }>>({ kind: oneOf('gates'), gates: someGatesShape }, {}),
  preprocessing: objectOf<Extract<ProjectEdit, { kind: 'preprocessing' }>>(
    { kind: oneOf('preprocessing'), preprocessing: preprocessingShape },
    {},
  ),
  model: objectOf<Extract<ProjectEdit, { kind: 'model' }>>({ kind: oneOf('model'), modelPath: string }, {}),
  sets: objectOf<Extract<ProjectEdit, { kind: 'sets' }>>(
    { kind: oneOf('sets') },
    { calibrationPath: string, validationPath: nullable(string), labelOrder: oneOf(...LABEL_ORDERS) },
  ),
  restore: objectOf<Extract<ProjectEdit, { kind: 'restore' }>>({ kind: oneOf('restore'), decisions }, {}),
});

const tensorrtOptions = objectOf<Partial<TensorrtOptions>>(
  {},
  {
    device: count,
    typing: oneOf(...TENSORRT_TYPINGS),
    batches: arrayOf(whole),
    workspaceMib: nullable(where(whole, 'at least 16 MiB', (value) => value >= 16)),
    optimizationLevel: where(count, 'an integer from 0 to 5', (value) => value <= 5),
    tf32: boolean,
    auxiliaryStreams: nullable(count),
    versionCompatible: boolean,
    streams: where(whole, 'an integer from 1 to 64', (value) => value <= 64),
    cudaGraph: boolean,
    transfers: boolean,
  },
);

const variantsShapes = {
  variants: arrayOf(string),
  backend: oneOf(...BACKENDS),
  target: oneOf(...TARGETS),
  threads: whole,
  activationType,
  tensorrt: tensorrtOptions,
};

const devicesShapes = { devices: union<readonly number[] | 'all'>(arrayOf(count), oneOf('all')), isParallel: boolean };

type Calibrate = Extract<JobSpec, { kind: 'calibrate' }>;
type Merge = Extract<JobSpec, { kind: 'merge' }>;
const shard = objectOf<Shard>({ index: whole, count: whole }, {});
const setName = oneOf('calibration', 'validation');
const points = where(number, 'a number, 0 or more', (value) => value >= 0);
const subject = byKind<DiagnosisSubject>({
  group: objectOf<Extract<DiagnosisSubject, { kind: 'group' }>>({ kind: oneOf('group'), group: string }, {}),
  class: objectOf<Extract<DiagnosisSubject, { kind: 'class' }>>({ kind: oneOf('class'), label: count }, {}),
  confusion: objectOf<Extract<DiagnosisSubject, { kind: 'confusion' }>>(
    { kind: oneOf('confusion'), from: count, to: count },
    {},
  ),
});
const common = { target: oneOf(...TARGETS), threads: whole };
const analysisShapes = {
  sensitivity: objectOf<SensitivitySpec>(
    { kind: oneOf('sensitivity'), ...projectPath },
    {
      ...common,
      question: oneOf(...SENSITIVITY_KINDS),
      metric: oneOf(...SENSITIVITY_METRICS),
      set: setName,
      limit: whole,
      layers: string,
    },
  ),
  auto: objectOf<AutoSpec>({ kind: oneOf('auto'), ...projectPath }, { ...common, images: whole }),
  search: objectOf<SearchSpec>(
    { kind: oneOf('search'), ...projectPath },
    {
      ...common,
      maxDrop: points,
      maxWorstGroupDrop: points,
      maxNmse: points,
      backend: oneOf(...BACKENDS),
      tensorrt: tensorrtOptions,
      maxLayers: whole,
      method: oneOf(...VARIANT_METHODS),
      againstPath: string,
      limit: whole,
    },
  ),
  diagnose: objectOf<DiagnoseSpec>(
    { kind: oneOf('diagnose'), ...projectPath, subject },
    { ...common, variant: string, limit: whole },
  ),
};
const analysisSpec = byKind<AnalysisSpec>(analysisShapes);
const jobSpec = byKind<JobSpec>({
  ...analysisShapes,
  best: objectOf<BestSpec>({ kind: oneOf('best'), ...projectPath }, common),
  repair: objectOf<RepairSpec>({ kind: oneOf('repair'), ...projectPath }, { ...common, variant: string, limit: whole }),
  health: objectOf<HealthSpec>(
    { kind: oneOf('health'), ...projectPath },
    { againstPath: string, limit: whole, limits: someHealthLimitsShape, threads: whole },
  ),
  calibrate: objectOf<Calibrate>(
    { kind: oneOf('calibrate'), ...projectPath },
    { limit: whole, threads: whole, shard, fresh: boolean, tensorrtGridBatch: whole, memoryLimitGb: points },
  ),
  merge: objectOf<Merge>({ kind: oneOf('merge'), ...projectPath, shardPaths: arrayOf(string) }, {}),
  quantize: objectOf<QuantizeSpec>(
    { kind: oneOf('quantize'), ...projectPath, target: oneOf(...TARGETS), variant: string, outPath: string },
    { activationType, io: oneOf('fp32', 'fp16') },
  ),
  validate: objectOf<ValidateSpec>({ kind: oneOf('validate'), ...projectPath }, { ...variantsShapes, limit: whole }),
  build: objectOf<BuildSpec>({ kind: oneOf('build'), ...projectPath }, { ...variantsShapes, ...devicesShapes }),
  bench: objectOf<BenchSpec>(
    { kind: oneOf('bench'), ...projectPath },
    { ...variantsShapes, ...devicesShapes, batch: whole, rounds: whole },
  ),
  run: objectOf<RunSpec>(
    { kind: oneOf('run'), ...projectPath },
    {
      ...variantsShapes,
      limit: whole,
      rounds: whole,
      tensorrtGridBatch: whole,
      searches: boolean,
      diagnoses: boolean,
      memoryLimitGb: points,
    },
  ),
});

const pictureSize = where(whole, 'an integer from 16 to 512', (value) => value >= 16 && value <= 512);

/** Shape of the request of every method. */
export const REQUEST_SHAPES = {
  inspectModel: objectOf<{ readonly modelPath: string }>({ modelPath: string }, {}),
  createProject: objectOf<CreateProjectRequest>(
    { modelPath: string, calibrationPath: string, projectPath: string, preprocessing: partialPreprocessingShape },
    { validationPath: string, labelsCsv: string, labelOrder: oneOf(...LABEL_ORDERS) },
  ),
  openProject: objectOf<{ readonly projectPath: string; readonly remembers?: boolean }>(projectPath, {
    remembers: boolean,
  }),
  editProject: objectOf<{ readonly projectPath: string; readonly edits: readonly ProjectEdit[] }>(
    { ...projectPath, edits: arrayOf(edit) },
    {},
  ),
  getThresholds: objectOf<{
    readonly projectPath: string;
    readonly method?: (typeof METHODS)[number];
    readonly withCosts?: boolean;
  }>(projectPath, { method: oneOf(...METHODS), withCosts: boolean }),
  getHistogram: objectOf<{ readonly projectPath: string; readonly tensor: string }>(
    { ...projectPath, tensor: string },
    {},
  ),
  getModel: objectOf<{ readonly projectPath: string; readonly target?: Target }>(projectPath, {
    target: oneOf(...TARGETS),
  }),
  getImageSet: objectOf<{ readonly projectPath: string; readonly set: SetName }>({ ...projectPath, set: setName }, {}),
  getThumbnail: objectOf<{
    readonly projectPath: string;
    readonly set: SetName;
    readonly imageId: string;
    readonly size: number;
  }>({ ...projectPath, set: setName, imageId: string, size: pictureSize }, {}),
  getPreview: objectOf<{
    readonly projectPath: string;
    readonly set: SetName;
    readonly imageId: string;
    readonly preprocessing?: Preprocessing;
  }>({ ...projectPath, set: setName, imageId: string }, { preprocessing: preprocessingShape }),
  listRecentProjects: empty,
  openSample: empty,
  listRuns: objectOf<{ readonly projectPath: string }>(projectPath, {}),
  getReport: objectOf<{ readonly projectPath: string; readonly runId: string }>({ ...projectPath, runId: string }, {}),
  getAnalyses: objectOf<{ readonly projectPath: string }>(projectPath, {}),
  getAnalysisCost: objectOf<{ readonly spec: AnalysisSpec }>({ spec: analysisSpec }, {}),
  getHealth: objectOf<{ readonly projectPath: string }>(projectPath, {}),
  getEngineLayers: objectOf<{ readonly projectPath: string; readonly variant?: string }>(projectPath, {
    variant: string,
  }),
  importCache: objectOf<{ readonly projectPath: string; readonly cachePath: string }>(
    { ...projectPath, cachePath: string },
    {},
  ),
  exportProject: objectOf<ExportRequest>(
    { ...projectPath, format: oneOf('triton', 'trt-cache', 'report'), outPath: string },
    {},
  ),
  doctor: empty,
  startJob: jobSpec,
  getJob: objectOf<{ readonly jobId: JobId }>({ jobId: jobIdShape }, {}),
  listJobs: empty,
  cancelJob: objectOf<{ readonly jobId: JobId }>({ jobId: jobIdShape }, {}),
} as const satisfies Record<ApiMethod, Shape<object>>;

export function isApiMethod(text: unknown): text is ApiMethod {
  return (API_METHODS as readonly unknown[]).includes(text);
}

/** The request of a method, parsed. @throws WorkbenchError usage naming the field */
export function parseRequest(method: ApiMethod, request: unknown): object {
  try {
    return REQUEST_SHAPES[method](request ?? {}, '');
  } catch (error) {
    if (error instanceof ShapeError) throw new WorkbenchError('usage', `${method}: ${error.message}`);
    throw error;
  }
}
