import { isDefaultDomain } from '../../onnx/graph/opset';
import table from './float16-types.json';
import { ownValue } from '../../../src-shared/base/records';

/** Positions of the parameters of an operator that are float32 even where the layer computes in FP16. */
export interface FloatOnlySlots {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Outputs whose type no input decides, but an attribute or a sequence: FP16 inputs do not make them FP16. */
  readonly own: readonly number[];
}

/** Version in which a definition appeared -> its float32 positions; "removed" where the operator was deprecated. */
type Definitions = Readonly<Record<string, 'removed' | Partial<FloatOnlySlots>>>;

const DEFINITIONS: ReadonlyMap<string, Definitions> = new Map(
  Object.entries(table.floatOnly as Readonly<Record<string, Definitions>>),
);

/**
 * The float32 positions of an operator as ONNX defines it in an operator set: the newest definition that is not newer
 * than the set. Null for operators that ONNX does not define there, those of other domains among them.
 *
 * The table is made by `test/support/float16_types.py` from the operator schemas; an operator set newer than its latest
 * one is judged by the latest.
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
