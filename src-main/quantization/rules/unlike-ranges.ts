import type { GraphFacts } from './graph-facts';
import type { Node } from '../../onnx/graph/model';
import type { RangeFacts } from './range-facts';
import { RESHAPE_OPS, SELECT_OPS } from './op-classes';
import type { PlacementBuilder } from '../placement/placement-builder';

/**
 * If a tensor shares its scale with a tensor of larger range, its rounding step grows by the ratio of the ranges, and
 * it loses 20 log10(ratio) dB of signal-to-noise ratio. A loss of up to two of the eight bits is accepted for a common
 * scale.
 */
export const MAX_SHARING_LOSS_DB = 12;

/** A tensor that would lose more than MAX_SHARING_LOSS_DB with the scale of another tensor. */
export interface UnlikeRange {
  readonly tensor: string;
  readonly amaxReal: number;
  /** max|x| of the tensor that determines the common scale. */
  readonly sharedAmaxReal: number;
  readonly lossDb: number;
}

/**
 * The `parts` that lose too much precision with one scale for them and all of `wholes`, worst first. Tensors that are
 * all zero or not calibrated lose nothing.
 */
export function unlikeRanges(
  { activationAmax }: Pick<RangeFacts, 'activationAmax'>,
  wholes: readonly string[],
  parts: readonly string[],
): UnlikeRange[] {
  const sharedAmaxReal = Math.max(0, ...wholes.map((name) => activationAmax(name) ?? 0));
  const found = [...new Set(parts)].flatMap((tensor): UnlikeRange[] => {
    const amaxReal = activationAmax(tensor) ?? 0;
    const lossDb = amaxReal > 0 ? 20 * Math.log10(sharedAmaxReal / amaxReal) : 0;
    return lossDb > MAX_SHARING_LOSS_DB ? [{ tensor, amaxReal, sharedAmaxReal, lossDb }] : [];
  });
  return found.sort((a, b) => b.lossDb - a.lossDb || (a.tensor < b.tensor ? -1 : 1));
}

/** `cf reaches 0.9 beside 310: one scale for both would cost it 50.7 dB` */
export function lossText({ tensor, amaxReal, sharedAmaxReal, lossDb }: UnlikeRange): string {
  return (
    `${tensor} reaches ${amaxReal.toPrecision(3)} beside ${sharedAmaxReal.toPrecision(3)}: one scale for both ` +
    `costs it ${lossDb.toFixed(1)} dB (more than ${MAX_SHARING_LOSS_DB})`
  );
}

/**
 * For a Concat whose result has one scale because only compute layers read it: the inputs that lose precision by that.
 */
export function explainMixture(
  builder: PlacementBuilder,
  concat: Node,
  ranges: Pick<RangeFacts, 'activationAmax'>,
): void {
  const [output = ''] = concat.output;
  for (const found of unlikeRanges(ranges, [output, ...concat.input], concat.input)) {
    const reason = `${lossText(found)}, and the layers that read ${output} have one scale for all of it; keep those in floating point if the output suffers`;
    builder.explainEdge(found.tensor, concat, { precision: 'int8', code: 'unlike-ranges', reason });
  }
}

/** Activations that are split into parts, directly or reshaped; as integers, all parts have the scale of the whole. */
export function cutTensors(facts: GraphFacts): { readonly whole: string; readonly parts: readonly string[] }[] {
  return facts.nodes.flatMap((node) => {
    if (!SELECT_OPS.has(node.opType)) return [];
    const parts = node.output.filter((name) => facts.isActivation(name));
    const wholes: string[] = [];
    for (let whole = node.input[0] ?? ''; facts.isActivation(whole);) {
      wholes.push(whole);
      const producer = facts.producer(whole);
      whole = producer && RESHAPE_OPS.has(producer.opType) ? (producer.input[0] ?? '') : '';
    }
    return wholes.map((whole) => ({ whole, parts }));
  });
}
