import { jobId } from '../base/brand';
import { WorkbenchError } from '../base/errors';
import { filePath, type MarkedPath, pathsIn } from '../base/marked-paths';
import {
  boolean,
  type InferOutput,
  list,
  mapped,
  nullable,
  number,
  numberWhere,
  object,
  oneOf,
  optional,
  parse,
  partial,
  positiveInteger,
  type Schema,
  SchemaError,
  string,
  variant,
  where,
} from '../base/schema';
import { LABEL_ORDERS } from '../domain/project/image-set';
import { inputSourcesSchema } from '../domain/project/inputs';
import { METHODS } from '../domain/project/methods';
import {
  ATTENTION_PRECISIONS,
  FALLBACK_PRECISIONS,
  planSchema,
  PRECISION_CHOICES,
  SWITCHED_REPAIRS,
  WEIGHT_METHODS,
  TARGETS,
} from '../domain/project/precision';
import { partialPreprocessingSchema, preprocessingSchema } from '../domain/project/preprocessing';
import { runMarksEditSchema } from '../domain/history/history-entry';
import { TOOLCHAIN_POLICIES } from '../domain/project/toolchain';
import { baselineGatesEditSchema, gateFields } from '../domain/project/gates';
import { decisionsSchema, percentileSchema } from '../domain/project/project';
import { decoderChangeSchema } from '../domain/tasks/decoder';
import { TASKS, taskSchema } from '../domain/tasks/task';
import { analysisSpecSchema, jobSpecSchema } from './job-specs';

/**
 * The requests of every method of `WorkbenchApi`. A request that arrives over a link is checked once, by
 * `parseRequest`.
 */

const project = { projectPath: filePath('project') };

const createProjectSchema = object({
  modelPath: filePath('read'),
  calibrationPath: filePath('read'),
  validationPath: optional(filePath('read')),
  /** A table of class indices, or a file or folder of boxes or masks. */
  labelsCsv: optional(filePath('read')),
  /** A file with the names of the classes in the order of the model. */
  classNamesPath: optional(filePath('read')),
  /** Order of class folders whose names are numbers; default: text. */
  labelOrder: optional(oneOf(...LABEL_ORDERS)),
  /** Folder to create. */
  projectPath: filePath('write'),
  preprocessing: partialPreprocessingSchema,
  /** Sources of inputs by name; the others are guessed. */
  inputs: optional(inputSourcesSchema),
  /** Size of the images for a model that leaves it open; default: guessed from the images. */
  inputSize: optional(object({ width: positiveInteger, height: positiveInteger })),
  /** What the model does, or the name of it, for which the settings are found from the outputs. */
  task: optional(taskSchema),
  taskKind: optional(oneOf(...TASKS)),
  /** Parameters of the decoder of a detector; the others are guessed. */
  decoder: optional(decoderChangeSchema),
  /** false: the plan does not take the measured times of kernels that are known for the layers. */
  usesKernelTimes: optional(boolean),
});
export type CreateProjectRequest = InferOutput<typeof createProjectSchema>;

const projectEditSchema = variant({
  method: object({ kind: oneOf('method'), method: oneOf(...METHODS) }),
  percentile: object({ kind: oneOf('percentile'), percentile: percentileSchema }),
  'tensor-method': object({ kind: oneOf('tensor-method'), tensor: string, method: oneOf(...METHODS) }),
  threshold: object({ kind: oneOf('threshold'), tensor: string, thresholdReal: number }),
  /** Resets a tensor to the project's method. */
  'clear-tensor': object({ kind: oneOf('clear-tensor'), tensor: string }),
  /**
   * The precision of one layer. `base` is the revision of the layer that the edit was made on: the choice that its
   * author saw. If the layer has another choice by now, because another window or process changed it, all edits of the
   * request are refused with `edit-conflict`. Changes of other layers are kept.
   */
  precision: object({
    kind: oneOf('precision'),
    layer: string,
    precision: oneOf(...PRECISION_CHOICES),
    base: oneOf(...PRECISION_CHOICES),
  }),
  /** How the thresholds of the weights of one layer are chosen. */
  weights: object({ kind: oneOf('weights'), layer: string, method: oneOf(...WEIGHT_METHODS) }),
  'fallback-precision': object({ kind: oneOf('fallback-precision'), precision: oneOf(...FALLBACK_PRECISIONS) }),
  attention: object({ kind: oneOf('attention'), attention: oneOf(...ATTENTION_PRECISIONS) }),
  repair: object({ kind: oneOf('repair'), repair: oneOf(...SWITCHED_REPAIRS), isOn: boolean }),
  /** Smoothing with the factors of this key, which a search found; null: without smoothing. */
  smoothing: object({ kind: oneOf('smoothing'), key: nullable(string) }),
  /** Replaces the whole plan at once, for example with a plan of the search. */
  plan: object({ kind: oneOf('plan'), plan: planSchema }),
  /**
   * Takes measured times of kernels into the plan: of the GPU with this in its name, or, if omitted, of the only GPU
   * that times are known of. null: without measured times.
   */
  'kernel-times': object({ kind: oneOf('kernel-times'), gpu: optional(nullable(string)) }),
  preset: object({ kind: oneOf('preset'), preset: oneOf('first-and-head-fp16', 'all-int8') }),
  target: object({ kind: oneOf('target'), target: oneOf(...TARGETS) }),
  /** Sets the given limits; null removes a limit. */
  gates: object({ kind: oneOf('gates'), gates: partial(gateFields), baseline: optional(baselineGatesEditSchema) }),
  preprocessing: object({ kind: oneOf('preprocessing'), preprocessing: preprocessingSchema }),
  /** Sources of the inputs that are named; the others keep theirs. */
  inputs: object({ kind: oneOf('inputs'), inputs: inputSourcesSchema }),
  /** null: not decided. */
  task: object({ kind: oneOf('task'), task: nullable(taskSchema) }),
  /** A task by its name; its settings are found from the outputs of the model. */
  'task-kind': object({ kind: oneOf('task-kind'), task: oneOf(...TASKS) }),
  /** Parameters of the decoder. A project of another task becomes a detection whose other parameters are guessed. */
  decoder: object({ kind: oneOf('decoder'), decoder: decoderChangeSchema }),
  /** The new location of the same model. */
  model: object({ kind: oneOf('model'), modelPath: filePath('read') }),
  /** Folders or list files; a validation set of null removes it. */
  sets: object({
    kind: oneOf('sets'),
    calibrationPath: optional(filePath('read')),
    validationPath: optional(nullable(filePath('read'))),
    /** Labels of the validation set, and its class names in the order of the model; null: as they are found. */
    labelsPath: optional(nullable(filePath('read'))),
    classNamesPath: optional(nullable(filePath('read'))),
    labelOrder: optional(oneOf(...LABEL_ORDERS)),
  }),
  /**
   * Several decisions at once, as undo and redo do. With `base`, only the differences between `base` and `decisions`
   * are applied to the project; without it, all decisions are replaced.
   */
  restore: object({ kind: oneOf('restore'), decisions: decisionsSchema, base: optional(decisionsSchema) }),
});
/**
 * One change to a project. The edits of a request are applied in order, all or none. Names of tensors are glob patterns
 * (`*`, `?`); layers are named by their exact id.
 */
export type ProjectEdit = InferOutput<typeof projectEditSchema>;

const setName = oneOf('calibration', 'validation');
export type SetName = InferOutput<typeof setName>;

const exportSchema = object({
  ...project,
  format: oneOf('triton', 'trt-cache', 'report'),
  outPath: filePath('write'),
});
export type ExportRequest = InferOutput<typeof exportSchema>;

const nothing = object({});
const ofProject = object(project);
const ofJob = object({ jobId: mapped(string, jobId) });
const pictureSize = where(positiveInteger, 'an integer from 16 to 2048', (value) => value >= 16 && value <= 2048);

export const REQUEST_SCHEMAS = {
  /** `weights`: also the INT8 errors of the weights, which are read for that. */
  inspectModel: object({ modelPath: filePath('read'), weights: optional(boolean), dla: optional(boolean) }),
  createProject: createProjectSchema,
  /** If `remembers` is false, the project is only read and does not become the most recent one. */
  openProject: object({ ...project, remembers: optional(boolean) }),
  editProject: object({ ...project, edits: list(projectEditSchema) }),
  getThresholds: object({ ...project, method: optional(oneOf(...METHODS)), withCosts: optional(boolean) }),
  getHistogram: object({ ...project, tensor: string }),
  /** The weights of the layers that read a tensor. */
  getWeights: object({ ...project, tensor: string }),
  getModel: object({ ...project, target: optional(oneOf(...TARGETS)) }),
  getImageSet: object({ ...project, set: setName }),
  /** `size`: largest width or height in pixels. */
  getThumbnail: object({ ...project, set: setName, imageId: string, size: pictureSize }),
  /** `preprocessing`: tried out instead of the project's. */
  getPreview: object({ ...project, set: setName, imageId: string, preprocessing: optional(preprocessingSchema) }),
  /**
   * The truth of an image and the answers of variants to it, computed on the CPU. `runId`: with the plan and thresholds
   * of that run instead of the project's. `task`: tried out instead of the project's.
   */
  getImageAnswers: object({
    ...project,
    set: setName,
    imageId: string,
    variants: where(list(string), 'at most 8 variants', (variants) => variants.length <= 8),
    runId: optional(string),
    task: optional(taskSchema),
  }),
  /**
   * The task, or the settings of the named task, that the outputs of the model suggest for up to three images of the
   * calibration set.
   */
  getTaskGuess: object({ ...project, task: optional(oneOf(...TASKS)) }),
  listRecentProjects: nothing,
  openSample: nothing,
  getReport: object({ ...project, runId: string }),
  /** Every recorded run in short; `projectPath` may also be a folder of runs. */
  getHistory: ofProject,
  /** One run of a project or of a folder of runs in full. */
  getRun: object({ ...project, runId: string }),
  /** Changes what people wrote about a run; null removes it. */
  markRun: object({ ...project, runId: string, marks: runMarksEditSchema }),
  /**
   * The toolchain of this machine, and the one that the project is locked to. `lock`: locks it to that of this machine.
   */
  getToolchain: object({ ...project, lock: optional(oneOf(...TOOLCHAIN_POLICIES)) }),
  getAnalyses: ofProject,
  getAnalysisCost: object({ spec: analysisSpecSchema }),
  getHealth: ofProject,
  /** `runId`: of a run of the project or of a folder of runs, in place of the engines that the project has now. */
  getEngineLayers: object({ ...project, variant: optional(string), runId: optional(string) }),
  /** `batches`: batch sizes to propose shapes for; default: 1. */
  getShapes: object({ ...project, batches: optional(list(positiveInteger)) }),
  importCache: object({ ...project, cachePath: filePath('read') }),
  exportProject: exportSchema,
  /** `tolerance`: share of the largest recorded |x|; default: REPLAY_TOLERANCE. */
  replayPackage: object({
    packagePath: filePath('read'),
    tolerance: optional(numberWhere('a number, 0 or more', (value) => value >= 0)),
  }),
  doctor: nothing,
  startJob: jobSpecSchema,
  getJob: ofJob,
  listJobs: nothing,
  /** `finishes`: images that are being processed are finished and stored first, however long that takes. */
  cancelJob: object({ jobId: mapped(string, jobId), finishes: optional(boolean) }),
} as const satisfies Readonly<Record<string, Schema<object>>>;

/** The methods that can be called over a link: all except `subscribe`, which is an event stream there. */
export type ApiMethod = keyof typeof REQUEST_SCHEMAS;

export function isApiMethod(name: unknown): name is ApiMethod {
  return typeof name === 'string' && Object.hasOwn(REQUEST_SCHEMAS, name);
}

/** The request of a method. */
export type RequestOf<M extends ApiMethod> = InferOutput<(typeof REQUEST_SCHEMAS)[M]>;

/** Checks the request of a method. @throws WorkbenchError usage naming the field, what was expected and found */
export function parseRequest(method: ApiMethod, request: unknown): object {
  try {
    return parse<Schema<object>>(REQUEST_SCHEMAS[method], request ?? {});
  } catch (error) {
    if (error instanceof SchemaError) throw new WorkbenchError('usage', `${method}: ${error.message}`);
    throw error;
  }
}

/** Every path of a file or folder that a request names. */
export function requestPaths(method: ApiMethod, request: unknown): readonly MarkedPath[] {
  return pathsIn(REQUEST_SCHEMAS[method], request);
}
