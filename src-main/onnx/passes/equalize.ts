import type { Graph, Node, Tensor } from '../graph/model';
import { countChanged, dividedAlong, factorText, scaledWeights, strongestOf } from './channel-scaling';
import { channelRanges, equalizationExponents } from './equalization-factors';
import { equalizationPairs, type EqualizationPair } from './equalization-pairs';
import { inChannels, layerWeights } from './layer-weights';
import type { RescaledLayer, RescalingRefusal } from './rescaled-layer';

export interface Equalized {
  readonly graph: Graph;
  /** Layers in graph order: every Conv and Gemm that was changed, or whose output channels could not be. */
  readonly layers: readonly RescaledLayer[];
  /** Activations whose channels have other values now; what was stated about them in real units no longer holds. */
  readonly tensors: readonly string[];
}

/**
 * Cross-layer equalization of a prepared graph: channels between two layers are scaled by powers of two, down in the
 * weights and bias of the first and up in the weights of those that read it. Products and sums are then the same
 * numbers times a power of two: the model's outputs are bit-identical, as long as nothing leaves the normal floats. A
 * factor that was not rounded would be at most 1.42 times nearer to the optimum, and would cost that.
 */
export function equalize(graph: Graph): Equalized {
  const found = equalizationPairs(graph);
  const exponents = equalizationExponents(found.pairs);
  const changes = new Changes(graph);
  const tensors: string[] = [];
  for (const [i, pair] of found.pairs.entries()) {
    const own = exponents[i] ?? new Int8Array();
    if (own.every((exponent) => exponent === 0)) continue;
    changes.scale(pair, own);
    tensors.push(...pair.tensors);
  }
  for (const [node, refusal] of found.refusals) changes.refuse(node, refusal);
  return { graph: changes.graph(), layers: changes.layers(), tensors };
}

class Changes {
  private readonly tensors = new Map<string, Tensor>();
  private readonly done = new Map<Node, string[]>();
  private readonly refused = new Map<Node, RescalingRefusal>();

  constructor(private readonly original: Graph) {
    for (const tensor of original.initializer) this.tensors.set(tensor.name, tensor);
  }

  scale(pair: EqualizationPair, exponents: Int8Array): void {
    const { first, readers } = pair;
    this.divideOutputs(first.node, exponents);
    const names = readers.map(({ node }) => node.name).join(', ');
    const strongest = strongestOf(exponents);
    const exponent = exponents[strongest] ?? 0;
    const changed = `${countChanged(exponents)} of ${exponents.length}`;
    const [ratio, side] = standsOut(pair, strongest);
    this.note(
      first.node,
      `${changed} output channels scaled by powers of two, channel ${strongest} by ${factorText(-exponent)}: its largest weight over the largest that reads it was ${ratio} times ${side} the middle channel's; ${names} undoes it`,
    );
    for (const reader of readers) {
      this.multiplyInputs(reader.node, exponents);
      this.note(
        reader.node,
        `${changed} input channels scaled by powers of two, channel ${strongest} by ${factorText(exponent)}, which ` +
          `undoes what was done to ${first.node.name}`,
      );
    }
  }

  refuse(node: Node, refusal: RescalingRefusal): void {
    this.refused.set(node, refusal);
  }

  graph(): Graph {
    return {
      ...this.original,
      initializer: this.original.initializer.map((tensor) => this.tensors.get(tensor.name) ?? tensor),
    };
  }

  layers(): RescaledLayer[] {
    return this.original.node.flatMap((node): RescaledLayer[] => {
      const common = { layer: node.name, op: node.opType, weight: node.input[1] ?? '' };
      const done = this.done.get(node);
      const refused = this.refused.get(node);
      const found: RescaledLayer[] = done ? [{ ...common, code: 'equalized', reason: done.join('; ') }] : [];
      if (refused)
        found.push({
          ...common,
          code: 'not-equalized',
          reason: `its output channels stay as they are: ${refused.reason}`,
          cause: refused.cause,
        });
      return found;
    });
  }

  private note(node: Node, text: string): void {
    this.done.set(node, [...(this.done.get(node) ?? []), text]);
  }

  private divideOutputs(node: Node, exponents: Int8Array): void {
    this.rescale(node, (output) => -(exponents[output] ?? 0));
    const bias = this.tensors.get(node.input[2] ?? '');
    // A Gemm's bias may be a matrix; its last axis is the channel.
    if (bias) this.tensors.set(bias.name, dividedAlong(bias, bias.dims.length - 1, exponents));
  }

  private multiplyInputs(node: Node, exponents: Int8Array): void {
    const tensor = this.tensors.get(node.input[1] ?? '');
    const weights = tensor && layerWeights(node, tensor);
    const channelOf = weights && inChannels(weights, exponents.length);
    if (channelOf) this.rescale(node, (output, input) => exponents[channelOf(output, input)] ?? 0);
  }

  /** Multiplies weights by 2^exponent(output, input). */
  private rescale(node: Node, exponent: (output: number, input: number) => number): void {
    const tensor = this.tensors.get(node.input[1] ?? '');
    const weights = tensor && layerWeights(node, tensor);
    if (tensor && weights) this.tensors.set(tensor.name, scaledWeights(weights, tensor, exponent));
  }
}

/** How far a channel's ratio of weights, before and behind, was from the layer's middle one. */
function standsOut(pair: EqualizationPair, channel: number): readonly [ratio: number, side: 'above' | 'below'] {
  const { own, behind } = channelRanges(pair);
  const ratios = own.map((range, i) => range / (behind[i] ?? 0));
  const usable = ratios.filter((ratio) => ratio > 0 && Number.isFinite(ratio)).sort();
  const ratio = (ratios[channel] ?? 1) / (usable[Math.floor(usable.length / 2)] ?? 1);
  return ratio < 1 ? [Number((1 / ratio).toPrecision(2)), 'below'] : [Number(ratio.toPrecision(2)), 'above'];
}
