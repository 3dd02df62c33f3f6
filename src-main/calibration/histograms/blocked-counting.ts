import { withAttributes } from '../../onnx/graph/attributes';
import { intAttr } from '../../onnx/graph/make';
import type { Model, Node } from '../../onnx/graph/model';
import { reorderedTensors, withBlockedLayers } from '../../backends/blocked-tensors';
import { COUNT } from './collection-model';

const countedTensor = ({ domain, opType, input }: Node): string | null =>
  domain === COUNT.domain && opType === COUNT.opType ? (input[1] ?? '') : null;

/** Whether a model that ONNX Runtime has optimized has tensors in groups of channels that are counted reordered. */
export function hasBlockedTensors({ graph }: Model): boolean {
  const reordered = reorderedTensors(graph);
  return graph.node.some((node) => reordered.has(countedTensor(node) ?? ''));
}

/**
 * Counts the tensors of an optimized counting model in the groups of channels in which they are computed, instead of in
 * a reordered copy. Activations that ONNX Runtime applies to such a copy are applied to the groups too.
 * @param block number of channels in a group, see blockSize
 */
export function countBlocked(optimized: Model, block: number): Model {
  return withBlockedLayers(optimized, {
    block,
    reader: {
      tensorOf: countedTensor,
      reading: (counting, { tensor, channels }) => ({
        ...counting,
        input: [counting.input[0] ?? '', tensor],
        attribute: withAttributes(
          counting,
          ['channels', 'block'],
          [intAttr('channels', channels), intAttr('block', block)],
        ),
      }),
    },
  });
}
