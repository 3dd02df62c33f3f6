import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageInput } from '../../../src-shared/domain/project/preprocessing';
import { elementTypeName } from './element-types';
import { GraphIndex } from './graph-index';
import { DataType, type Dimension, type Model, type ValueInfo } from './model';

const IMAGE_CHANNELS: readonly number[] = [1, 3, 4];

/**
 * The image input of the model: its only input, float32, rank 4, with fixed channels, height and width. A last
 * dimension of 1, 3 or 4 behind larger ones means NHWC.
 * @throws WorkbenchError 'model-unsupported', with a description of the inputs found.
 */
export function imageInputOf(model: Model): ImageInput {
  const inputs = new GraphIndex(model.graph).graphInputs;
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const found = inputs.length === 0 ? 'none' : `${inputs.length}: ${inputs.map(describeInput).join(', ')}`;
    throw new WorkbenchError('model-unsupported', `Expected one image input, found ${found}`);
  }
  const { tensorType } = input;
  if (tensorType === null || tensorType.elemType !== DataType.FLOAT || tensorType.shape?.length !== 4) {
    throw new WorkbenchError(
      'model-unsupported',
      `Expected an image input of float32 with 4 dimensions (batch, channels, height, width), found ${describeInput(input)}`,
    );
  }
  const [batch, ...rest] = tensorType.shape.map(sizeOf);
  const [a, b, c] = rest;
  if (
    a === undefined ||
    b === undefined ||
    c === undefined ||
    a === null ||
    b === null ||
    c === null ||
    [a, b, c].some((size) => size < 1)
  ) {
    throw new WorkbenchError(
      'model-unsupported',
      `Expected fixed channels, height and width, found ${describeInput(input)}`,
      {
        hint:
          'Only the batch may be dynamic. Fix the others at export, or with ' +
          'onnxruntime.tools.make_dynamic_shape_fixed.',
      },
    );
  }
  const fixedBatch = batch ?? null;
  const isNhwc = IMAGE_CHANNELS.includes(c) && a > c && b > c && !(IMAGE_CHANNELS.includes(a) && a <= b);
  return isNhwc
    ? { name: input.name, fixedBatch, channels: c, height: a, width: b, layout: 'nhwc' }
    : { name: input.name, fixedBatch, channels: a, height: b, width: c, layout: 'nchw' };
}

/** A size that the model fixes; exporters write 0 or -1 for a variable size. */
function sizeOf(dim: Dimension): number | null {
  return dim.kind === 'value' && dim.value > 0 ? dim.value : null;
}

/** `input` float32 [N, 3, 224, 224]. */
export function describeInput(value: ValueInfo): string {
  if (value.tensorType === null) return `"${value.name}" (not a tensor)`;
  const shape = shapeOf(value);
  return `"${value.name}" ${elementTypeName(value.tensorType.elemType)} ${shape === null ? 'of unknown rank' : `[${shape.join(', ')}]`}`;
}

/** A number, a symbolic name or `?` per axis; null when the rank is unknown. */
export function shapeOf(value: ValueInfo): readonly (number | string)[] | null {
  return (
    value.tensorType?.shape?.map((dim) => (dim.kind === 'value' ? dim.value : dim.kind === 'param' ? dim.name : '?')) ??
    null
  );
}
