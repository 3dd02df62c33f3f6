import { relativePath } from '../../base/marked-paths';
import {
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  string,
  where,
  type InferOutput,
} from '../../base/schema';
import { FEED_TYPES } from '../project/feed-types';
import { preprocessingSchema } from '../project/preprocessing';
import { TARGETS } from '../project/precision';
import { taskSchema } from '../tasks/task';

/** What a package is for: a folder that explains itself, or what a server loads. */
export const PACKAGE_KINDS = ['folder', 'triton', 'deepstream', 'openvino'] as const;
export type PackageKind = (typeof PACKAGE_KINDS)[number];

/** Backends whose models can be packed. */
export const PACKAGE_BACKENDS = ['ort-cpu', 'tensorrt'] as const;

const MANIFEST_VERSION = 1;

/** A path that does not lead out of the package. */
const inside = where(
  relativePath,
  'a path inside the package',
  (path) => !/^([/\\]|[A-Za-z]:)/.test(path) && !path.split(/[/\\]/).includes('..'),
);

/** Values of one tensor, in a file of their own: little-endian, row-major, without a header. */
export const tensorFileSchema = object({
  /** Name of the input or output. */
  name: string,
  dtype: oneOf(...FEED_TYPES),
  dims: list(count),
  /** Relative to the folder of the package. */
  file: inside,
});
export type TensorFile = InferOutput<typeof tensorFileSchema>;

const sampleSchema = object({
  /** Name of the image in its set. */
  id: string,
  /** Copy of the image; null if the input is no image file. */
  image: nullable(inside),
  inputs: list(tensorFileSchema),
  outputs: list(tensorFileSchema),
});
/** One image with what the model got and answered. */
export type PackageSample = InferOutput<typeof sampleSchema>;

/** `manifest.json` of a package. */
export const manifestSchema = object({
  format: oneOf('calib-package'),
  version: oneOf(MANIFEST_VERSION),
  name: string,
  variant: string,
  target: oneOf(...TARGETS),
  backend: oneOf(...PACKAGE_BACKENDS),
  /** The file that runs, relative to the folder of the package. */
  model: inside,
  /** Hash of that file. */
  modelSha256: string,
  /** Hash of the trained model that it was made of. */
  sourceSha256: string,
  /** What recorded the answers: `ONNX Runtime 1.31.0, x64`, or TensorRT and the GPU. */
  recordedWith: string,
  /** Graph optimizations of ONNX Runtime that must be off, because they fail on FP16 layers on the CPU. */
  disabledOptimizers: list(string),
  /** How an image becomes the input of this name; null if no input takes image files. */
  image: nullable(
    object({
      input: string,
      preprocessing: preprocessingSchema,
      /** Present if the input is INT8: it takes round(x / scale), ties to even, clipped to -128..127. */
      int8Scale: optional(number),
    }),
  ),
  /** Batch size if the model fixes it. */
  fixedBatch: nullable(count),
  task: nullable(taskSchema),
  /** Class names by index; empty if the classes have none. */
  classNames: list(string),
  samples: list(sampleSchema),
});
export type PackageManifest = InferOutput<typeof manifestSchema>;

export function manifestOf(content: Omit<PackageManifest, 'format' | 'version'>): PackageManifest {
  return { format: 'calib-package', version: MANIFEST_VERSION, ...content };
}
