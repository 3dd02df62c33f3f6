import { isDefaultDomain } from '../../onnx/graph/opset';
import table from './float16-types.json';
import { ownValue } from '../../../src-shared/base/records';

/** Positions of the inputs and outputs of an operator that stay float32 even if the layer computes in FP16. */
export interface FloatOnlySlots {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Outputs whose type does not depend on the inputs but on an attribute or a sequence. */
  readonly own: readonly number[];
}

/** Operator set version of a definition -> its float32 positions, or "removed" if the operator was deprecated. */
type Definitions = Readonly<Record<string, 'removed' | Partial<FloatOnlySlots>>>;

const DEFINITIONS: ReadonlyMap<string, Definitions> = new Map(
  Object.entries(table.floatOnly as Readonly<Record<string, Definitions>>),
);

/**
 * The float32 positions of an operator, by its newest definition that is not newer than the operator set of the model.
 * Null for operators that ONNX does not define in this set, including those of other domains.
 *
 * `test/support/float16_types.py` generates the table from the operator schemas. For a newer operator set, the latest
 * definition is used.
 */
export function floatOnlySlots(
  operator: { readonly opType: string; readonly domain: string },
  opset: number,
): FloatOnlySlots | null {
  const definitions = isDefaultDomain(operator.domain) ? DEFINITIONS.get(operator.opType) : undefined;
  const versions = Object.keys(definitions ?? {}).map(Number);
  const since = Math.max(...versions.filter((version) => version <= opset));
  const found = ownValue(definitions, String(since));
  return found === undefined || found === 'removed'
    ? null
    : { inputs: found.inputs ?? [], outputs: found.outputs ?? [], own: found.own ?? [] };
}
