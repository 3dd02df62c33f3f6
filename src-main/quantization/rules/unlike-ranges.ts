import type { GraphFacts } from './graph-facts';
import type { Node } from '../../onnx/graph/model';
import type { RangeFacts } from './range-facts';
import { RESHAPE_OPS, SELECT_OPS } from './op-classes';
import type { PlacementBuilder } from '../placement/placement-builder';

/**
 * A scale that serves a tensor of larger range too costs a tensor 20 log10(ratio of both ranges) dB of signal to rounding
 * noise: the step grows by the ratio. Up to two of eight bits are taken as the price of one scale for copies.
 */
export const MAX_SHARING_LOSS_DB = 12;

/** A tensor that loses more than MAX_SHARING_LOSS_DB by the scale of another one. */
export interface UnlikeRange {
  readonly tensor: string;
  readonly amaxReal: number;
  /** max|x| of the tensor whose scale it would have. */
  readonly sharedAmaxReal: number;
  readonly lossDb: number;
}

/**
 * Which of `parts` lose too much by one scale with all of `wholes`, worst first. Tensors of zeros and those that were not
 * calibrated lose nothing.
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
  return `${tensor} reaches ${amaxReal.toPrecision(3)} beside ${sharedAmaxReal.toPrecision(3)}: one scale for both costs it ${lossDb.toFixed(1)} dB (more than ${MAX_SHARING_LOSS_DB})`;
}

/** Says of a Concat whose result has one scale, because only compute layers read it, which input suffers from that. */
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

/** Activations that are cut into parts, directly or in another shape: as integers, all parts have the scale of the whole. */
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
