import { arrayOf, boolean, count, nullable, number, objectOf, oneOf, recordOf, ShapeError, string, union, type Shape } from '../domain/json-shape';
import { METHODS } from '../domain/methods';
import { BACKENDS, PRECISIONS, TARGETS, type PrecisionPlan, type Target } from '../domain/precision';
import type { PartialPreprocessing, Preprocessing } from '../domain/preprocessing';
import type { Gates, SetReference } from '../domain/project';
import { jobId, type JobId } from '../base/brand';
import { API_METHODS, type ApiMethod, type CreateProjectRequest, type ExportRequest, type ProjectDecisions, type ProjectEdit, type SetName } from './api';
import { WorkbenchError } from '../base/errors';
import type { BenchSpec, BuildSpec, JobSpec, QuantizeSpec, RunSpec, Shard, ValidateSpec } from './jobs';

/** What comes over a link is parsed once, here; code behind it can rely on the types. */

const projectPath = { projectPath: string };
const empty: Shape<Record<string, never>> = objectOf({}, {});
const activationType = oneOf('int8', 'uint8');
const whole: Shape<number> = (value, path) => {
  const parsed = count(value, path);
  if (parsed === 0) throw new ShapeError(path, 'an integer of at least 1', value);
  return parsed;
};
const jobIdShape: Shape<JobId> = (value, path) => jobId(string(value, path));

const resizeShape: Shape<Preprocessing['resize']> = union<Preprocessing['resize']>(
  objectOf<Extract<Preprocessing['resize'], { kind: 'none' }>>({ kind: oneOf('none') }, {}),
  objectOf<Extract<Preprocessing['resize'], { kind: 'stretch' }>>({ kind: oneOf('stretch'), width: whole, height: whole }, {}),
  objectOf<Extract<Preprocessing['resize'], { kind: 'short' }>>({ kind: oneOf('short'), shortSide: whole }, {}),
  objectOf<Extract<Preprocessing['resize'], { kind: 'letterbox' }>>({ kind: oneOf('letterbox'), width: whole, height: whole, pad: number }, {}),
);
const cropShape: Shape<Preprocessing['crop']> = (value, path) => (value === null ? null : objectOf<NonNullable<Preprocessing['crop']>>({ width: whole, height: whole }, {})(value, path));

const preprocessingFields = {
  resize: resizeShape,
  crop: cropShape,
  order: oneOf('rgb', 'bgr', 'gray'),
  scale: number,
  mean: arrayOf(number),
  std: arrayOf(number),
  layout: oneOf('nchw', 'nhwc'),
} as const;
const preprocessing: Shape<PartialPreprocessing> = objectOf<PartialPreprocessing>({}, preprocessingFields);
const wholePreprocessing: Shape<Preprocessing> = objectOf<Preprocessing>(preprocessingFields, {});

const gateFields = { maxTop1Drop: nullable(number), maxWorstGroupDrop: nullable(number), minTop1: nullable(number), maxLatencyMs: nullable(number) } as const;
const someGates: Shape<Partial<Gates>> = objectOf<Partial<Gates>>({}, gateFields);
const setReference: Shape<SetReference> = objectOf<SetReference>({ path: string, labels: nullable(string) }, {});
const decisions: Shape<ProjectDecisions> = objectOf<ProjectDecisions>(
  {
    method: oneOf(...METHODS),
    percentile: number,
    tensorMethods: recordOf(oneOf(...METHODS)),
    manualThresholds: recordOf(number),
    plan: objectOf<PrecisionPlan>({ layers: recordOf(oneOf(...PRECISIONS)) }, {}),
    target: oneOf(...TARGETS),
    gates: objectOf<Gates>(gateFields, {}),
    preprocessing: wholePreprocessing,
    calibrationSet: setReference,
    validationSet: nullable(setReference),
  },
  {},
);

const edit: Shape<ProjectEdit> = (value, path) => {
  const kinds: { readonly [K in ProjectEdit['kind']]: Shape<Extract<ProjectEdit, { kind: K }>> } = {
    method: objectOf<Extract<ProjectEdit, { kind: 'method' }>>({ kind: oneOf('method'), method: oneOf(...METHODS) }, {}),
    percentile: objectOf<Extract<ProjectEdit, { kind: 'percentile' }>>({ kind: oneOf('percentile'), percentile: number }, {}),
    'tensor-method': objectOf<Extract<ProjectEdit, { kind: 'tensor-method' }>>({ kind: oneOf('tensor-method'), tensor: string, method: oneOf(...METHODS) }, {}),
    threshold: objectOf<Extract<ProjectEdit, { kind: 'threshold' }>>({ kind: oneOf('threshold'), tensor: string, thresholdReal: number }, {}),
    'clear-tensor': objectOf<Extract<ProjectEdit, { kind: 'clear-tensor' }>>({ kind: oneOf('clear-tensor'), tensor: string }, {}),
    precision: objectOf<Extract<ProjectEdit, { kind: 'precision' }>>({ kind: oneOf('precision'), layer: string, precision: oneOf(...PRECISIONS) }, {}),
    preset: objectOf<Extract<ProjectEdit, { kind: 'preset' }>>({ kind: oneOf('preset'), preset: oneOf('first-and-head-fp16', 'all-int8') }, {}),
    target: objectOf<Extract<ProjectEdit, { kind: 'target' }>>({ kind: oneOf('target'), target: oneOf(...TARGETS) }, {}),
    gates: objectOf<Extract<ProjectEdit, { kind: 'gates' }>>({ kind: oneOf('gates'), gates: someGates }, {}),
    preprocessing: objectOf<Extract<ProjectEdit, { kind: 'preprocessing' }>>({ kind: oneOf('preprocessing'), preprocessing: wholePreprocessing }, {}),
    sets: objectOf<Extract<ProjectEdit, { kind: 'sets' }>>({ kind: oneOf('sets') }, { calibrationPath: string, validationPath: nullable(string) }),
    restore: objectOf<Extract<ProjectEdit, { kind: 'restore' }>>({ kind: oneOf('restore'), decisions }, {}),
  };
  return byKind<ProjectEdit>(kinds, value, path);
};

const variantsShapes = {
  variants: arrayOf(string),
  backend: oneOf(...BACKENDS),
  target: oneOf(...TARGETS),
  threads: whole,
  activationType,
};

const jobSpec: Shape<JobSpec> = (value, path) => {
  type Calibrate = Extract<JobSpec, { kind: 'calibrate' }>;
  type Merge = Extract<JobSpec, { kind: 'merge' }>;
  const shard = objectOf<Shard>({ index: whole, count: whole }, {});
  const kinds: { readonly [K in JobSpec['kind']]: Shape<Extract<JobSpec, { kind: K }>> } = {
    calibrate: objectOf<Calibrate>({ kind: oneOf('calibrate'), ...projectPath }, { limit: whole, threads: whole, shard, fresh: boolean }),
    merge: objectOf<Merge>({ kind: oneOf('merge'), ...projectPath, shardPaths: arrayOf(string) }, {}),
    quantize: objectOf<QuantizeSpec>({ kind: oneOf('quantize'), ...projectPath, target: oneOf(...TARGETS), variant: string, outPath: string }, { activationType }),
    validate: objectOf<ValidateSpec>({ kind: oneOf('validate'), ...projectPath }, { ...variantsShapes, limit: whole }),
    build: objectOf<BuildSpec>({ kind: oneOf('build'), ...projectPath }, variantsShapes),
    bench: objectOf<BenchSpec>({ kind: oneOf('bench'), ...projectPath }, { ...variantsShapes, batch: whole, rounds: whole }),
    run: objectOf<RunSpec>({ kind: oneOf('run'), ...projectPath }, { ...variantsShapes, limit: whole, rounds: whole }),
  };
  return byKind<JobSpec>(kinds, value, path);
};

/** Parses by the `kind` that the value itself names, so that errors speak of that kind only. */
function byKind<T extends { readonly kind: string }>(kinds: Readonly<Record<T['kind'], Shape<T>>>, value: unknown, path: string): T {
  const kind: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'kind') : undefined;
  const names = Object.keys(kinds) as T['kind'][];
  const found = names.find((name) => name === kind);
  if (found === undefined) throw new ShapeError(path === '' ? 'kind' : `${path}.kind`, names.join(' or '), kind);
  return kinds[found](value, path);
}

const setName = oneOf('calibration', 'validation');
const pictureSize: Shape<number> = (value, path) => {
  const size = whole(value, path);
  if (size < 16 || size > 512) throw new ShapeError(path, 'an integer from 16 to 512', value);
  return size;
};

/** Shape of the request of every method. */
export const REQUEST_SHAPES = {
  inspectModel: objectOf<{ readonly modelPath: string }>({ modelPath: string }, {}),
  createProject: objectOf<CreateProjectRequest>(
    { modelPath: string, calibrationPath: string, projectPath: string, preprocessing },
    { validationPath: string, labelsCsv: string },
  ),
  openProject: objectOf<{ readonly projectPath: string }>(projectPath, {}),
  editProject: objectOf<{ readonly projectPath: string; readonly edits: readonly ProjectEdit[] }>({ ...projectPath, edits: arrayOf(edit) }, {}),
  getThresholds: objectOf<{ readonly projectPath: string; readonly method?: (typeof METHODS)[number] }>(projectPath, { method: oneOf(...METHODS) }),
  getHistogram: objectOf<{ readonly projectPath: string; readonly tensor: string }>({ ...projectPath, tensor: string }, {}),
  getModel: objectOf<{ readonly projectPath: string; readonly target?: Target }>(projectPath, { target: oneOf(...TARGETS) }),
  getImageSet: objectOf<{ readonly projectPath: string; readonly set: SetName }>({ ...projectPath, set: setName }, {}),
  getThumbnail: objectOf<{ readonly projectPath: string; readonly set: SetName; readonly imageId: string; readonly size: number }>(
    { ...projectPath, set: setName, imageId: string, size: pictureSize },
    {},
  ),
  getPreview: objectOf<{ readonly projectPath: string; readonly set: SetName; readonly imageId: string; readonly preprocessing?: Preprocessing }>(
    { ...projectPath, set: setName, imageId: string },
    { preprocessing: wholePreprocessing },
  ),
  listRecentProjects: empty,
  openSample: empty,
  listRuns: objectOf<{ readonly projectPath: string }>(projectPath, {}),
  getReport: objectOf<{ readonly projectPath: string; readonly runId: string }>({ ...projectPath, runId: string }, {}),
  importCache: objectOf<{ readonly projectPath: string; readonly cachePath: string }>({ ...projectPath, cachePath: string }, {}),
  exportProject: objectOf<ExportRequest>({ ...projectPath, format: oneOf('triton', 'trt-cache', 'report'), outPath: string }, {}),
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
