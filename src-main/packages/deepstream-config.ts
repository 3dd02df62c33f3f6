import type { Warning } from '../../src-shared/contract/job-results';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { Preprocessing } from '../../src-shared/domain/project/preprocessing';
import type { Task } from '../../src-shared/domain/tasks/task';

const COLOR_FORMATS = { rgb: 0, bgr: 1, gray: 2 } as const;
const NETWORK_TYPES = { detector: 0, classifier: 1, raw: 100 } as const;
const INT8 = 1;

export interface DeepstreamModel {
  readonly input: { readonly channels: number; readonly height: number; readonly width: number };
  readonly preprocessing: Preprocessing;
  readonly task: Task | null;
  /** Number of class names in labels.txt; 0: there is no such file. */
  readonly classes: number;
  readonly batch: number;
}

/**
 * The configuration of DeepStream's nvinfer for an FP32 model and a calibration cache, from which nvinfer builds an
 * INT8 engine with TensorRT 10 or older.
 *
 * nvinfer computes y = net-scale-factor * (pixel - offset). Here x = (pixel * scale - mean) / std, so that
 * net-scale-factor is scale / std and the offset mean / scale. (DeepStream documentation, "Gst-nvinfer".)
 * @returns the text, and what the configuration cannot express
 * @throws WorkbenchError preprocessing-invalid for one std per channel, a crop, or an input that is not NCHW
 */
export function deepstreamConfig(model: DeepstreamModel): {
  readonly text: string;
  readonly warnings: readonly Warning[];
} {
  const { input, preprocessing, task, classes, batch } = model;
  const { resize, crop, order, scale, mean, layout } = preprocessing;
  const std = oneStd(preprocessing);
  if (crop !== null || resize.kind === 'short' || resize.kind === 'long')
    throw inexpressible(
      'nvinfer stretches an image or fits it into the input; it does not crop, and the size is fixed',
    );
  if (layout !== 'nchw') throw inexpressible('nvinfer gives images of calibrated models as NCHW');
  const warnings: Warning[] = [];
  const isBox = resize.kind === 'letterbox';
  if (isBox && resize.pad !== 0)
    warnings.push({
      code: 'deepstream-pad',
      message: `nvinfer fills the margin of a letterbox with 0, the model was calibrated with ${resize.pad}.`,
    });
  if (task !== null && task.kind !== 'classification')
    warnings.push({
      code: 'deepstream-decoder',
      message:
        'nvinfer has no decoder for this model: its raw outputs are attached to the frames (output-tensor-meta). ' +
        'Decode them as manifest.json says, or name a parser library of yours (custom-lib-path).',
    });
  const isClassifier = task === null || task.kind === 'classification';
  const lines = [
    '[property]',
    'gpu-id=0',
    'onnx-file=model.onnx',
    `model-engine-file=model.onnx_b${batch}_gpu0_int8.engine`,
    '# A calibration cache serves TensorRT 10 and older; TensorRT 11 has no implicit INT8.',
    'int8-calib-file=calibration.cache',
    `network-mode=${INT8}`,
    `batch-size=${batch}`,
    `infer-dims=${input.channels};${input.height};${input.width}`,
    'network-input-order=0',
    `model-color-format=${COLOR_FORMATS[order]}`,
    `net-scale-factor=${scale / std}`,
    `offsets=${perChannel(mean, input.channels)
      .map((value) => value / scale)
      .join(';')}`,
    `maintain-aspect-ratio=${isBox ? 1 : 0}`,
    ...(isBox ? [`symmetric-padding=${resize.align === 'center' ? 1 : 0}`] : []),
    '# Bilinear',
    'scaling-filter=1',
    'process-mode=1',
    ...(isClassifier
      ? [`network-type=${NETWORK_TYPES.classifier}`, 'classifier-threshold=0']
      : [`network-type=${NETWORK_TYPES.raw}`, 'output-tensor-meta=1']),
    ...(classes === 0 ? [] : ['labelfile-path=labels.txt', `num-detected-classes=${classes}`]),
    '',
  ];
  return { text: lines.join('\n'), warnings };
}

function oneStd({ std }: Preprocessing): number {
  const [first = 1] = std;
  if (std.every((value) => value === first)) return first;
  throw inexpressible(`one std per channel (${std.join(', ')}) cannot be expressed by nvinfer's net-scale-factor`);
}

function perChannel(values: readonly number[], channels: number): readonly number[] {
  return values.length === channels ? values : Array.from({ length: channels }, () => values[0] ?? 0);
}

function inexpressible(reason: string): WorkbenchError {
  return new WorkbenchError('preprocessing-invalid', `A DeepStream configuration cannot feed this model: ${reason}`, {
    hint: 'Choose the kind triton, or put the normalization into the model.',
  });
}
