import { filePath } from '../base/marked-paths';
import {
  boolean,
  count,
  either,
  list,
  numberWhere,
  object,
  oneOf,
  optional,
  positiveInteger,
  string,
  variant,
  type InferOutput,
  type ObjectOutput,
} from '../base/schema';
import { diagnosisSubjectSchema, SENSITIVITY_KINDS, SENSITIVITY_METRICS } from '../domain/analysis/analysis';
import { someTensorrtOptionsSchema } from '../domain/engines/tensorrt-options';
import { someHealthLimitsSchema } from '../domain/health/health-limits';
import { PACKAGE_BACKENDS, PACKAGE_KINDS } from '../domain/packages/manifest';
import { VARIANT_METHODS } from '../domain/project/methods';
import { BACKENDS, TARGETS } from '../domain/project/precision';

/** Specifications of jobs, which take longer than a second. Paths are absolute. */

const project = { projectPath: filePath('project') };
const notNegative = numberWhere('a number, 0 or more', (value) => value >= 0);

/** Part `index` (1-based) of `count` equal parts of a job. */
export const shardSchema = object({ index: positiveInteger, count: positiveInteger });
export type Shard = InferOutput<typeof shardSchema>;

/** Memory that the compute process must not exceed; absent: what is free on the machine. */
const memoryLimitGb = optional(notNegative);
/** Kinds of jobs of which a part can be computed, which `merge` puts together. */
export const SHARDED_KINDS = ['calibrate', 'validate', 'sensitivity', 'search'] as const;
export type ShardedKind = (typeof SHARDED_KINDS)[number];

/** Folder of the files of shards; default: the folder `shards` of the project. */
const shardDir = optional(filePath('write'));
/** Compute one part only, into a file for `merge`. */
const shardFields = {
  shard: optional(shardSchema),
  shardDir,
};

/** Fields of most jobs. */
const common = {
  target: optional(oneOf(...TARGETS)),
  threads: optional(positiveInteger),
  memoryLimitGb,
};

const variantsFields = {
  ...project,
  ...common,
  /** Variant names, for example `int8`, `int8-minmax`, `mixed`. */
  variants: optional(list(string)),
  backend: optional(oneOf(...BACKENDS)),
  activationType: optional(oneOf('int8', 'uint8')),
  /** For the backend tensorrt; an omitted option has its default. */
  tensorrt: optional(someTensorrtOptionsSchema),
};

/** Several GPUs of this machine, for the backend tensorrt; if omitted, the GPU of the options is used. */
const devicesFields = {
  devices: optional(either('an array of GPU numbers or "all"', list(count), oneOf('all'))),
  /**
   * True: all GPUs run at the same time. Builds then slow each other down and choose kernels by disturbed timings. If
   * omitted, the GPUs run one after the other.
   */
  isParallel: optional(boolean),
};
export type DevicesSpec = ObjectOutput<typeof devicesFields>;

const prepareSchema = object({ kind: oneOf('prepare'), ...project });
/** Prepares the model and stores the hashes of the images, which shards then find. */
export type PrepareSpec = InferOutput<typeof prepareSchema>;

const calibrateSchema = object({
  kind: oneOf('calibrate'),
  ...project,
  limit: optional(positiveInteger),
  threads: optional(positiveInteger),
  ...shardFields,
  fresh: optional(boolean),
  /** Also collect TensorRT's own grid, with this many images in its first batch. */
  tensorrtGridBatch: optional(positiveInteger),
  memoryLimitGb,
});

const mergeSchema = object({
  kind: oneOf('merge'),
  ...project,
  /** Files of shards, folders that contain some, and projects. */
  shardPaths: list(filePath('read')),
  /** The kind of shards, if the paths contain several. */
  of: optional(oneOf(...SHARDED_KINDS)),
});
export type MergeSpec = InferOutput<typeof mergeSchema>;

const quantizeSchema = object({
  kind: oneOf('quantize'),
  ...project,
  target: oneOf(...TARGETS),
  /** Variant name, for example `int8`, `int8-minmax`, `mixed`. */
  variant: string,
  outPath: filePath('write'),
  activationType: optional(oneOf('int8', 'uint8')),
  /** Element type of the model's float inputs and outputs; default: fp32. */
  io: optional(oneOf('fp32', 'fp16')),
});
export type QuantizeSpec = InferOutput<typeof quantizeSchema>;

const packageSchema = object({
  kind: oneOf('package'),
  ...project,
  packageKind: oneOf(...PACKAGE_KINDS),
  /** Variant name; of a DeepStream configuration it is not used: the cache has the thresholds in use. */
  variant: string,
  backend: oneOf(...PACKAGE_BACKENDS),
  outPath: filePath('write'),
  /** Images whose answers are recorded. */
  images: positiveInteger,
  /** Copies of the model that run at the same time; default: as advised for p99LimitMs, else 1. */
  instances: optional(positiveInteger),
  /** Most requests that a server joins to one batch; default: as advised for p99LimitMs, else 32. */
  maxBatch: optional(positiveInteger),
  /** Default: as advised for p99LimitMs, else 100. */
  queueDelayUs: optional(count),
  /** P99 that a request may take: the newest run that timed the variant decides how Triton serves it. */
  p99LimitMs: optional(numberWhere('a number above 0', (value) => value > 0)),
  /** For the backend tensorrt; an omitted option has its default. */
  tensorrt: optional(someTensorrtOptionsSchema),
  threads: optional(positiveInteger),
});
/** Writes a model with everything that a server or another program needs to run it. */
export type PackageSpec = InferOutput<typeof packageSchema>;

const validateSchema = object({
  kind: oneOf('validate'),
  ...variantsFields,
  /** Only N images of the validation set: the first ones of a list, spread evenly over a folder. */
  limit: optional(positiveInteger),
});
export type ValidateSpec = InferOutput<typeof validateSchema>;

/** If true, `mixed` is the placement that a tuning finds on the GPU. */
const tunes = optional(boolean);

const buildSchema = object({ kind: oneOf('build'), ...variantsFields, ...devicesFields, tunes });
export type BuildSpec = InferOutput<typeof buildSchema>;

const benchSchema = object({
  kind: oneOf('bench'),
  ...variantsFields,
  ...devicesFields,
  batch: optional(positiveInteger),
  rounds: optional(positiveInteger),
  /** Also times pruned copies with sparse kernels, and validates what pruning costs; for the backend tensorrt. */
  isSparse: optional(boolean),
  /** Also times every layer, for ONNX Runtime and OpenVINO; engines of TensorRT always have these times. */
  layers: optional(boolean),
});
export type BenchSpec = InferOutput<typeof benchSchema>;

const tuneSchema = object({
  kind: oneOf('tune'),
  ...project,
  threads: optional(positiveInteger),
  /** `mixed` or `mixed-METHOD`; default: mixed. */
  variant: optional(string),
  /** An omitted option has its default. */
  tensorrt: optional(someTensorrtOptionsSchema),
  /** tensorrt, which is also the default; the other backends have no kernels to choose among. */
  backend: optional(oneOf(...BACKENDS)),
  rounds: optional(positiveInteger),
  /** Engines to build at most, 1 to 4; default: 4. */
  maxBuilds: optional(positiveInteger),
  /** Table of kernel times from another machine with the same kind of GPU and TensorRT. */
  importTablePath: optional(filePath('read')),
  /** File for the table of all kernel times that are known for this kind of GPU. */
  exportTablePath: optional(filePath('write')),
});
/** Finds the fastest placement on a GPU by measuring a few engines. */
export type TuneSpec = InferOutput<typeof tuneSchema>;

const runSchema = object({
  kind: oneOf('run'),
  ...variantsFields,
  limit: optional(positiveInteger),
  rounds: optional(positiveInteger),
  /** Also collect TensorRT's own grid, see calibrate. */
  tensorrtGridBatch: optional(positiveInteger),
  /** If true, the row `mixed` is the plan that a search finds within the project's gates. */
  searches: optional(boolean),
  /**
   * If true, the row `mixed` is the placement that a tuning finds on the GPU, from the plan of the project or the
   * search.
   */
  tunes: optional(boolean),
  /** If true, the row `mixed` is the plan that `fix` finds; not together with `searches`. */
  fixes: optional(boolean),
  /** If true, the run explains why groups of the shipped variant lost more than the gate allows. */
  diagnoses: optional(boolean),
  /** Folder with the runs of many machines, into which the finished run is copied. */
  historyPath: optional(filePath('write')),
  /** The run that gates are compared with: an id, or a branch, which stands for its newest run. */
  baseline: optional(string),
  /** Where the model belongs in version control. */
  source: optional(object({ branch: optional(string), commit: optional(string) })),
});
export type RunSpec = InferOutput<typeof runSchema>;

const sensitivitySchema = object({
  kind: oneOf('sensitivity'),
  ...project,
  ...common,
  /** Default: release. */
  question: optional(oneOf(...SENSITIVITY_KINDS)),
  /** Default: sqnr. top1 and worst-group need a validation set with labels. */
  metric: optional(oneOf(...SENSITIVITY_METRICS)),
  /** Default: calibration, unless the metric needs labels. */
  set: optional(oneOf('calibration', 'validation')),
  /** Number of images, spread evenly over the set; default: 64. */
  limit: optional(positiveInteger),
  /** Glob pattern of layer names; default: all layers. */
  layers: optional(string),
});
export type SensitivitySpec = InferOutput<typeof sensitivitySchema>;

const autoSchema = object({
  kind: oneOf('auto'),
  ...project,
  ...common,
  /** Number of images that the choice is made on, default 128; up to 512 others confirm it. */
  images: optional(positiveInteger),
});
/** Chooses the thresholds of method `auto`. */
export type AutoSpec = InferOutput<typeof autoSchema>;

const bestSchema = object({ kind: oneOf('best'), ...project, ...common });
/** Measures the single methods and decides again what method `best` stands for. */
export type BestSpec = InferOutput<typeof bestSchema>;

const searchSchema = object({
  kind: oneOf('search'),
  ...project,
  ...common,
  /** Percentage points; default: the project's gate, else 0.5. */
  maxDrop: optional(notNegative),
  /** Percentage points; default: the project's gate, else 1. */
  maxWorstGroupDrop: optional(notNegative),
  /** Without labels: largest output error (noise to signal) of the worst group; default: 0.02. */
  maxNmse: optional(notNegative),
  /** Thresholds to search with. Default: those in use, or those of other methods if they are clearly better. */
  method: optional(oneOf(...VARIANT_METHODS)),
  /** Largest number of released layers. */
  maxLayers: optional(positiveInteger),
  /** Folder or list of unlabelled images from the deployment, on which plans are ranked and judged. */
  againstPath: optional(filePath('read')),
  /** Backend on which plans are built and timed if it runs the models of the target; default: ort-cpu. */
  backend: optional(oneOf(...BACKENDS)),
  /** For the backend tensorrt; an omitted option has its default. */
  tensorrt: optional(someTensorrtOptionsSchema),
  /** Only N images of the set that plans are judged on. */
  limit: optional(positiveInteger),
  /** If true, a tuning then looks for the fastest placement in which the released layers stay released. */
  tunes,
});
export type SearchSpec = InferOutput<typeof searchSchema>;

const diagnoseSchema = object({
  kind: oneOf('diagnose'),
  ...project,
  ...common,
  /** int8 or mixed, with or without a method; default: mixed. */
  variant: optional(string),
  subject: diagnosisSubjectSchema,
  /** Largest number of images of the subject; default: 128. */
  limit: optional(positiveInteger),
});
/** Finds out why a group, a class or a confusion of a variant got worse, and which changes would improve it. */
export type DiagnoseSpec = InferOutput<typeof diagnoseSchema>;

const adviseSchema = object({
  kind: oneOf('advise'),
  ...project,
  ...common,
  /** Default: calibration. */
  set: optional(oneOf('calibration', 'validation')),
  /** Number of images, spread evenly over the set; default: 64. */
  limit: optional(positiveInteger),
});
/** Proposes layers to keep out of INT8 because of the structure of the network, and measures every proposal. */
export type AdviseSpec = InferOutput<typeof adviseSchema>;

const healthSchema = object({
  kind: oneOf('health'),
  ...project,
  /** Folder or list of unlabelled images from the deployment. */
  againstPath: optional(filePath('read')),
  /** Only N images of each set: the first ones of a list, spread evenly over a folder. */
  limit: optional(positiveInteger),
  limits: optional(someHealthLimitsSchema),
  threads: optional(positiveInteger),
  memoryLimitGb,
});
/** Checks the calibration set, and the images of `againstPath` against it. */
export type HealthSpec = InferOutput<typeof healthSchema>;

const repairSchema = object({
  kind: oneOf('repair'),
  ...project,
  ...common,
  /** int8 or mixed, with or without a method; default: mixed. */
  variant: optional(string),
  /** Only N images of the validation set (of the calibration set if there is no validation set). */
  limit: optional(positiveInteger),
});
/** Measures the effect of each repair on a variant, whether or not the plan uses it. */
export type RepairSpec = InferOutput<typeof repairSchema>;

const fixSchema = object({
  kind: oneOf('fix'),
  ...project,
  ...common,
  /** Stages that would take longer are skipped; default: no limit. */
  minutes: optional(numberWhere('a number above 0', (value) => value > 0)),
  /** Folder or list of unlabelled images from the deployment, which choose and judge instead of the project's sets. */
  againstPath: optional(filePath('read')),
  /** Backend on which plans are judged, and timed if it runs the models of the target; default: ort-cpu. */
  backend: optional(oneOf(...BACKENDS)),
  /** For the backend tensorrt; an omitted option has its default. */
  tensorrt: optional(someTensorrtOptionsSchema),
  /** Largest number of layers in FP16; default: half of them. */
  maxLayers: optional(count),
  /** Only N images of the set that judges. */
  limit: optional(positiveInteger),
  /** File for a PyTorch module that trains with quantization, beginning with the scales of the plan that was found. */
  snippetPath: optional(filePath('write')),
});
/** Looks for the shortest way to a plan that meets the gates of the project. */
export type FixSpec = InferOutput<typeof fixSchema>;

const smoothSchema = object({
  kind: oneOf('smooth'),
  ...project,
  ...common,
  /** The variant whose outputs are compared with FP32's: int8 or mixed, with or without a method; default: mixed. */
  variant: optional(string),
  /** Number of calibration images that the choice is made on; default: 64. */
  images: optional(positiveInteger),
});
/** Finds the factors of smoothing for the project's plan. */
export type SmoothSpec = InferOutput<typeof smoothSchema>;

const learnSchema = object({
  kind: oneOf('learn'),
  ...project,
  ...common,
  /** int8 or mixed, with or without a method: the variant to begin with; default: mixed. */
  variant: optional(string),
  /** Glob pattern of layer names; only blocks with one of these layers are learned. Default: all. */
  layers: optional(string),
  /** Time for learning; default: 10. */
  minutes: optional(numberWhere('a number above 0', (value) => value > 0)),
  /** Passes over the images in every block, instead of as many as the time allows: the result is then reproducible. */
  epochs: optional(positiveInteger),
  /** Number of calibration images to learn on; default: three quarters of the set, at most 256. */
  images: optional(positiveInteger),
});
/** Learns thresholds and biases that reduce the error of INT8; they become the method `learned`. */
export type LearnSpec = InferOutput<typeof learnSchema>;

/** Images from the field: a folder, a list or a video; of a folder only some files, if they are named. */
const fieldImages = { sourcePath: filePath('read'), files: optional(list(filePath('read'))) };

const driftSchema = object({
  kind: oneOf('drift'),
  ...project,
  ...fieldImages,
  threads: optional(positiveInteger),
  memoryLimitGb,
});
/** Compares images from the field with the calibration record, as one group. */
export type DriftSpec = InferOutput<typeof driftSchema>;

const pickSchema = object({
  kind: oneOf('pick'),
  ...project,
  ...fieldImages,
  /** Most images that are picked; default: as many as cover the pool, at most 512. */
  count: optional(positiveInteger),
  /** Only N images of the pool, spread evenly over a folder. */
  limit: optional(positiveInteger),
  /** Distance from the pool that may remain; default: the limit of drift. */
  maxDistance: optional(notNegative),
  /** Frames of a video that are looked at in a second; default: 1. */
  framesPerSecond: optional(numberWhere('a number above 0', (value) => value > 0)),
  /** A folder for copies of the picked images, or a file `.txt` for a list of them. */
  outPath: optional(filePath('write')),
  /** The list contains the images of the calibration set, too. */
  addsToSet: optional(boolean),
  threads: optional(positiveInteger),
  memoryLimitGb,
});
/** Picks the images of a pool that the calibration set lacks. */
export type PickSpec = InferOutput<typeof pickSchema>;

const analyses = {
  sensitivity: sensitivitySchema,
  auto: autoSchema,
  search: searchSchema,
  diagnose: diagnoseSchema,
  advise: adviseSchema,
};
export const analysisSpecSchema = variant(analyses);
/** Jobs that try many variants of the model on images. */
export type AnalysisSpec = InferOutput<typeof analysisSpecSchema>;

const shardJobSchema = object({
  kind: oneOf('shard'),
  ...project,
  shard: shardSchema,
  shardDir,
  /** Compute again although the finished shard exists. */
  fresh: optional(boolean),
  /** The whole job, of the same project. Of a search, only the ranking of its layers is divided. */
  of: variant({ validate: validateSchema, sensitivity: sensitivitySchema, search: searchSchema }),
});
/** Computes one part of a validation, sensitivity or search into a file for `merge`. */
export type ShardSpec = InferOutput<typeof shardJobSchema>;

export const jobSpecSchema = variant({
  ...analyses,
  best: bestSchema,
  repair: repairSchema,
  fix: fixSchema,
  smooth: smoothSchema,
  learn: learnSchema,
  health: healthSchema,
  drift: driftSchema,
  pick: pickSchema,
  prepare: prepareSchema,
  calibrate: calibrateSchema,
  merge: mergeSchema,
  quantize: quantizeSchema,
  package: packageSchema,
  validate: validateSchema,
  build: buildSchema,
  bench: benchSchema,
  tune: tuneSchema,
  run: runSchema,
  shard: shardJobSchema,
});
export type JobSpec = InferOutput<typeof jobSpecSchema>;

export type JobKind = JobSpec['kind'];
