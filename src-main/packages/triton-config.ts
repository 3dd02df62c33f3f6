import { WorkbenchError } from '../../src-shared/base/errors';
import type { TensorFile } from '../../src-shared/domain/packages/manifest';
import type { FeedType } from '../../src-shared/domain/project/feed-types';
import { DataType, type Dimension, type Graph, type ValueInfo } from '../onnx/graph/model';

/** Triton's names of element types (message DataType of its model_config.proto). */
const TYPE_OF_FEED: Readonly<Record<FeedType, string>> = {
  float32: 'TYPE_FP32',
  float64: 'TYPE_FP64',
  float16: 'TYPE_FP16',
  uint8: 'TYPE_UINT8',
  int8: 'TYPE_INT8',
  uint16: 'TYPE_UINT16',
  int16: 'TYPE_INT16',
  int32: 'TYPE_INT32',
  uint32: 'TYPE_UINT32',
  int64: 'TYPE_INT64',
  uint64: 'TYPE_UINT64',
  bool: 'TYPE_BOOL',
};

const TYPE_OF_ELEMENT: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: 'TYPE_FP32',
  [DataType.FLOAT16]: 'TYPE_FP16',
  [DataType.DOUBLE]: 'TYPE_FP64',
  [DataType.INT8]: 'TYPE_INT8',
  [DataType.UINT8]: 'TYPE_UINT8',
  [DataType.INT16]: 'TYPE_INT16',
  [DataType.UINT16]: 'TYPE_UINT16',
  [DataType.INT32]: 'TYPE_INT32',
  [DataType.UINT32]: 'TYPE_UINT32',
  [DataType.INT64]: 'TYPE_INT64',
  [DataType.UINT64]: 'TYPE_UINT64',
  [DataType.BOOL]: 'TYPE_BOOL',
};

/** Files of a model in a repository, relative to the model's folder. */
export const TRITON_FILES = { onnxruntime: '1/model.onnx', tensorrt: '1/model.plan' } as const;

/** How Triton serves a model. */
export interface TritonServing {
  readonly backend: keyof typeof TRITON_FILES;
  /** Copies of the model that run at the same time, on each GPU or on the CPU. */
  readonly instances: number;
  /** Most requests that Triton joins to one batch. A model that does not batch over its first axis is not batched. */
  readonly maxBatch: number;
  /** How long a request waits for others, in microseconds. */
  readonly queueDelayUs: number;
  /** Batch sizes that Triton tries to make; empty: any. */
  readonly preferredBatches: readonly number[];
  /** Inputs of a real image, in files of the folder `warmup` of the model. They have a batch axis of length 1. */
  readonly warmup: readonly TensorFile[];
  /** A file with class names, and the output that they belong to; null if there is none. */
  readonly labels: { readonly output: string; readonly file: string } | null;
}

/**
 * config.pbtxt of one model (Triton's model_config.proto). When the first axis of every input and output is symbolic,
 * Triton batches over it; otherwise shapes are given whole and max_batch_size is 0.
 * @throws WorkbenchError model-unsupported if the model does not declare the type or rank of an input or output
 */
export function tritonConfig(name: string, { input, output }: Pick<Graph, 'input' | 'output'>, serving: TritonServing) {
  const batches = isBatched([...input, ...output]);
  const isGpu = serving.backend === 'tensorrt';
  const entryOf = (tensor: ValueInfo): string => {
    const labels = serving.labels?.output === tensor.name ? [`label_filename: ${quoted(serving.labels.file)}`] : [];
    return block([...tensorLines(tensor, batches), ...labels]);
  };
  return [
    `name: ${quoted(name)}`,
    isGpu ? 'platform: "tensorrt_plan"' : 'backend: "onnxruntime"',
    `max_batch_size: ${batches ? serving.maxBatch : 0}`,
    list('input', input.map(entryOf)),
    list('output', output.map(entryOf)),
    list('instance_group', [block([`count: ${serving.instances}`, `kind: ${isGpu ? 'KIND_GPU' : 'KIND_CPU'}`])]),
    ...(batches && serving.maxBatch > 1 ? [`dynamic_batching ${block(batchingLines(serving))}`] : []),
    ...(serving.warmup.length === 0 ? [] : [list('model_warmup', [warmup(serving.warmup, batches)])]),
    '',
  ].join('\n');
}

function batchingLines({ queueDelayUs, preferredBatches, maxBatch }: TritonServing): readonly string[] {
  const preferred = preferredBatches.filter((batch) => batch <= maxBatch);
  return [
    ...(preferred.length === 0 ? [] : [`preferred_batch_size: [ ${preferred.join(', ')} ]`]),
    `max_queue_delay_microseconds: ${queueDelayUs}`,
  ];
}

/** Whether the first axis of all tensors is open, so that it can be a batch. */
export function isBatched(tensors: readonly ValueInfo[]): boolean {
  return tensors.every(({ tensorType }) => {
    const first = tensorType?.shape?.[0];
    return first !== undefined && first.kind !== 'value';
  });
}

function tensorLines(tensor: ValueInfo, batches: boolean): string[] {
  const type = tensor.tensorType ? TYPE_OF_ELEMENT[tensor.tensorType.elemType] : undefined;
  const shape = tensor.tensorType?.shape;
  if (type === undefined || !shape) {
    throw new WorkbenchError(
      'model-unsupported',
      `Triton needs the type and rank of "${tensor.name}", which the model does not declare`,
    );
  }
  const dims = (batches ? shape.slice(1) : shape).map(dimension);
  return [`name: ${quoted(tensor.name)}`, `data_type: ${type}`, `dims: [ ${dims.join(', ')} ]`];
}

function dimension(dim: Dimension): number {
  return dim.kind === 'value' ? dim.value : -1;
}

/** A request with a real image that Triton sends to the model before it is ready. */
function warmup(tensors: readonly TensorFile[], batches: boolean): string {
  const inputs = tensors.map(({ name, dtype, dims, file }) => {
    const value = block([
      `data_type: ${TYPE_OF_FEED[dtype]}`,
      `dims: [ ${(batches ? dims.slice(1) : dims).join(', ')} ]`,
      `input_data_file: ${quoted(file)}`,
    ]);
    return `inputs ${block([`key: ${quoted(name)}`, `value ${value}`])}`;
  });
  return block(['name: "image"', 'batch_size: 1', ...inputs]);
}

function list(name: string, items: readonly string[]): string {
  return `${name} [\n${indented(items.join(',\n'))}\n]`;
}

function block(lines: readonly string[]): string {
  return `{\n${indented(lines.join('\n'))}\n}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

/** A string of protobuf's text format: bytes beyond ASCII, quotes and control characters as octal escapes. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text, 'utf8')].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, '0')}`
      : String.fromCharCode(byte),
  );
  return `"${bytes.join('')}"`;
}
