import { WorkbenchError } from '../../../src-shared/base/errors';
import { FEED_TYPES, type FeedType } from '../../../src-shared/domain/project/feed-types';
import { elementTypeName } from './element-types';
import { GraphIndex } from './graph-index';
import type { Model, ValueInfo } from './model';

/** An input of a model's graph that has to be fed. */
export interface ModelInput {
  readonly name: string;
  readonly dtype: FeedType;
  /** A size, a symbolic name, or `?` for a size without a name, per axis. Exporters' 0 and -1 count as `?`. */
  readonly dims: readonly (number | string)[];
}

/**
 * The inputs of the graph that are not initializers, in its order.
 * @throws WorkbenchError model-unsupported for an input that cannot be fed: no tensor, an element type outside
 *   FEED_TYPES, or an unknown rank.
 */
export function modelInputs(model: Model): ModelInput[] {
  return new GraphIndex(model.graph).graphInputs.map((value) => {
    const name = value.tensorType === null ? '' : elementTypeName(value.tensorType.elemType);
    const dtype = FEED_TYPES.find((type) => type === name);
    const shape = shapeOf(value);
    if (dtype === undefined || shape === null) {
      throw new WorkbenchError(
        'model-unsupported',
        `Expected inputs that are tensors of known rank and of a number type, found ${describeInput(value)}`,
        {
          hint:
            shape === null && dtype !== undefined
              ? 'Export the model again with the shapes of its inputs, or run onnx.shape_inference on it.'
              : `Inputs of ${FEED_TYPES.join(', ')} can be fed; move the rest of the graph's start out of the model.`,
        },
      );
    }
    return { name: value.name, dtype, dims: shape.map((dim) => (typeof dim === 'number' && dim <= 0 ? '?' : dim)) };
  });
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
