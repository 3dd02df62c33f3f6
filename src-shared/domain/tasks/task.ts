import { filePath } from '../../base/marked-paths';
import {
  boolean,
  count,
  type InferOutput,
  list,
  nullable,
  numberWhere,
  object,
  oneOf,
  optional,
  positiveInteger,
  strings,
  text,
  variant,
} from '../../base/schema';
import { decoderSchema } from './decoder';

/**
 * What a model does. The task determines what counts as an answer, which labels it is compared with, and the measure
 * that judges a variant: top-1, average precision (AP), mean intersection over union (mIoU), retrieval, or the user's
 * own metric.
 */
export const TASKS = ['classification', 'detection', 'segmentation', 'embedding', 'custom'] as const;
export type TaskKind = (typeof TASKS)[number];

/**
 * The rules of a detection score. `coco`: those of pycocotools, with at most 100 detections an image. `ultralytics`:
 * those of its validator, with 300 detections an image, its own interpolation, and crowd regions that count.
 */
export const DETECTION_CONVENTIONS = ['coco', 'ultralytics'] as const;
export type DetectionConvention = (typeof DETECTION_CONVENTIONS)[number];

const aboveZero = numberWhere('a time above 0', (value) => value > 0);

/** A user's own metric: an ES module, or a command that runs as a child process. */
export const metricSourceSchema = variant({
  module: object({
    kind: oneOf('module'),
    path: filePath('read'),
    /** The largest time for one answer, in seconds. Default: 30. */
    timeoutSeconds: optional(aboveZero),
  }),
  command: object({
    kind: oneOf('command'),
    /** The program and its arguments. Files are named by absolute paths. */
    command: strings,
    timeoutSeconds: optional(aboveZero),
  }),
});
export type MetricSource = InferOutput<typeof metricSourceSchema>;

/** The task of a project with its settings. Outputs are named by the names of the model's outputs. */
export const taskSchema = variant({
  classification: object({
    kind: oneOf('classification'),
    /** The output with one score per class; if omitted, the first output of shape [batch, classes]. */
    output: optional(text),
  }),
  detection: object({
    kind: oneOf('detection'),
    decoder: decoderSchema,
    /** Default: coco. */
    convention: optional(oneOf(...DETECTION_CONVENTIONS)),
  }),
  segmentation: object({
    kind: oneOf('segmentation'),
    /** The output of shape [batch, classes, height, width], [batch, height, width, classes] or with class indices. */
    output: text,
    layout: oneOf('nchw', 'nhwc', 'indices'),
    /** Number of classes; for an output of one channel (background and object) 2. */
    classes: positiveInteger,
    /** For an output of one channel: the value above which a pixel belongs to the object. */
    threshold: optional(numberWhere('a number', Number.isFinite)),
    /** Pixels with this label are not counted. */
    ignoreIndex: optional(count),
  }),
  embedding: object({
    kind: oneOf('embedding'),
    output: text,
    /** Whether the embedding is divided by its length before it is compared. Default: true. */
    normalize: optional(boolean),
  }),
  custom: object({ kind: oneOf('custom'), metric: metricSourceSchema }),
});
export type Task = InferOutput<typeof taskSchema>;

/** A guess of the task from the outputs of a model, with the reasons as sentences for the user. */
export const taskGuessSchema = object({
  /** null: no task fits the outputs, so that variants are compared with FP32 by the error of the outputs. */
  task: nullable(taskSchema),
  notes: list(text),
});
export type TaskGuess = InferOutput<typeof taskGuessSchema>;
