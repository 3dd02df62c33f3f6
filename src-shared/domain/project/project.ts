import { filePath, relativePath } from '../../base/marked-paths';
import {
  list,
  nullable,
  number,
  numberWhere,
  object,
  oneOf,
  optional,
  record,
  string,
  text,
  where,
  type InferOutput,
} from '../../base/schema';
import { baselineGatesSchema, gatesSchema } from './gates';
import { LABEL_ORDERS } from './image-set';
import { inputSourcesSchema } from './inputs';
import { METHODS } from './methods';
import { planSchema, TARGETS } from './precision';
import { preprocessingSchema } from './preprocessing';
import { taskSchema } from '../tasks/task';

export const PROJECT_VERSION = 1;

export const modelSchema = object({
  path: filePath('read'),
  /** Hash of the model file itself. */
  sha256: text,
  /** Files with external data, relative to the model's folder; omitted if there are none. */
  weights: optional(list(object({ file: relativePath, sha256: text }))),
});
export type ModelReference = InferOutput<typeof modelSchema>;

const setReferenceSchema = object({
  /** Absolute path of a folder or of a list file. */
  path: filePath('read'),
  /** Absolute path of a table of class indices, or of a file or folder of boxes or masks; null if none was named. */
  labels: nullable(filePath('read')),
  /** Absolute path of a file with the names of the classes in the order of the model. */
  classNames: optional(filePath('read')),
  /**
   * The names of the classes in the order of the model, for labels that state none (Pascal VOC): from the metadata of
   * the model, or found by comparing the answers of the model with the labels. `classNames` takes precedence.
   */
  classOrder: optional(list(text)),
  /** Order of class folders whose names are numbers; default: text. */
  labelOrder: optional(oneOf(...LABEL_ORDERS)),
});
export type SetReference = InferOutput<typeof setReferenceSchema>;

export const percentileSchema = numberWhere('a percentile above 0 and up to 100', (value) => value > 0 && value <= 100);
/** Tensor -> threshold in real units. */
export const thresholdsSchema = record(where(number, 'a threshold above 0', (value) => value > 0));

/** The fields that edits change. */
const decisionFields = {
  /** The method of all tensors without a method of their own. */
  method: oneOf(...METHODS),
  /** Percentile of method `percentile`, in percent. */
  percentile: percentileSchema,
  /** Tensor -> its own method. */
  tensorMethods: record(oneOf(...METHODS)),
  /** Thresholds that the user chose: tensor -> real units. */
  manualThresholds: thresholdsSchema,
  plan: planSchema,
  target: oneOf(...TARGETS),
  gates: gatesSchema,
  /** Limits against a baseline run; absent: none. */
  baselineGates: optional(baselineGatesSchema),
  preprocessing: preprocessingSchema,
  /** Sources of the inputs by name; absent: as their names and shapes suggest. */
  inputs: optional(inputSourcesSchema),
  calibrationSet: setReferenceSchema,
  validationSet: nullable(setReferenceSchema),
  /**
   * What the model does, and how its answers are judged. Omitted: not decided. The model then counts as a classifier if
   * an output has the shape [batch, classes].
   */
  task: optional(taskSchema),
};

export const decisionsSchema = object(decisionFields);
/** The part of a project that edits change. */
export type ProjectDecisions = InferOutput<typeof decisionsSchema>;

/** A project file of the current version; fields with other names are dropped. */
export const projectFileSchema = object({
  version: oneOf(PROJECT_VERSION),
  name: text,
  model: modelSchema,
  /** Which parts of the preprocessing were guessed from the model, as sentences. */
  preprocessingNotes: list(string),
  /** How the task was guessed, as sentences; absent if a person chose it. */
  taskNotes: optional(list(string)),
  /** What the workbench changed when it opened the model, such as FP16 weights or Q/DQ; absent if nothing. */
  modelNotes: optional(list(object({ code: string, message: string }))),
  /** Thresholds from a TensorRT calibration cache or from the Q/DQ of the model's file: tensor -> real units. */
  importedThresholds: thresholdsSchema,
  /**
   * Where the imported thresholds come from; absent in projects of older versions: a cache. Tensors that the model's
   * own Q/DQ left out use the method best.
   */
  importedFrom: optional(oneOf('model', 'cache')),
  ...decisionFields,
});
/** `project.json`: the decisions about one model. Everything that can be computed from them is stored elsewhere. */
export type ProjectFile = InferOutput<typeof projectFileSchema>;
