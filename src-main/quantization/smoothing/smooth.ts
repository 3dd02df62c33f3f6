import { FreshNames } from '../../onnx/graph/fresh-names';
import type { Model, Node, Tensor } from '../../onnx/graph/model';
import { countChanged, dividedAlong, factorText, scaledWeights, strongestOf } from '../../onnx/passes/channel-scaling';
import type { LayerWeights } from '../../onnx/passes/layer-weights';
import type { RescaledLayer } from '../../onnx/passes/rescaled-layer';
import { smoothingGroups, type ChannelConstant, type SmoothingGroup } from '../rules/smoothing-groups';
import type { SmoothingExponents } from './smoothing-factors';

export interface Smoothed {
  readonly model: Model;
  /** In graph order: what was done to each normalization and layer, and why others stay as they are. */
  readonly layers: readonly RescaledLayer[];
  /** Activations whose channels have other values now. */
  readonly tensors: readonly string[];
}

/**
 * The model with the channels of its groups divided by powers of two, and the weights that read them multiplied. All
 * products and sums are the same numbers times a power of two, so that the outputs are bit-identical, as long as all
 * values stay normal numbers.
 */
export function smooth(model: Model, exponents: SmoothingExponents): Smoothed {
  const { groups, refusals } = smoothingGroups(model);
  const changes = new Changes(model);
  const tensors: string[] = [];
  for (const group of groups) {
    const own = exponents.get(group.tensor);
    if (own?.length !== group.channels || countChanged(own) === 0) continue;
    changes.scale(group, own);
    tensors.push(...group.tensors);
  }
  const layers = model.graph.node.flatMap((node): RescaledLayer[] => {
    const common = { layer: node.name, op: node.opType, weight: node.input[1] ?? '' };
    const done = changes.done.get(node);
    const refused = refusals.get(node);
    return [
      ...(done ? [{ ...common, code: 'smoothed' as const, reason: done.join('; ') }] : []),
      ...(refused
        ? [
            {
              ...common,
              code: 'not-smoothed' as const,
              reason: `its channels stay as they are: ${refused.reason}`,
              cause: refused.cause,
            },
          ]
        : []),
    ];
  });
  return { model: changes.model(), layers, tensors };
}

class Changes {
  readonly done = new Map<Node, string[]>();
  private readonly tensors = new Map<string, Tensor>();
  private readonly added: Tensor[] = [];
  /** Node -> input -> the constant that it reads now. */
  private readonly renamed = new Map<Node, Map<number, string>>();
  private readonly uses = new Map<string, number>();
  private readonly names: FreshNames;

  constructor(private readonly original: Model) {
    const { graph } = original;
    for (const tensor of graph.initializer) this.tensors.set(tensor.name, tensor);
    for (const name of graph.node.flatMap((node) => node.input)) this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
    this.names = new FreshNames(graph);
  }

  scale({ first, layer, constants, readers, channels }: SmoothingGroup, exponents: Int8Array): void {
    if (layer) this.rescale(layer, (output) => -(exponents[output] ?? 0));
    for (const constant of constants) this.divide(constant, exponents);
    const strongest = strongestOf(exponents);
    const exponent = exponents[strongest] ?? 0;
    const changed = `${countChanged(exponents)} of ${channels}`;
    const names = readers.map(({ weights }) => weights.node.name).join(', ');
    this.note(
      first,
      `${changed} channels scaled by powers of two, channel ${strongest} by ${factorText(-exponent)}; ${names} undoes it`,
    );
    for (const { weights, channelOf } of readers) {
      this.rescale(weights, (output, input) => exponents[channelOf(output, input)] ?? 0);
      this.note(
        weights.node,
        `${changed} input channels scaled by powers of two, channel ${strongest} by ${factorText(exponent)}, which ` +
          `undoes what was done to ${first.name}`,
      );
    }
  }

  model(): Model {
    const { graph } = this.original;
    const node = graph.node.map((each) => {
      const own = this.renamed.get(each);
      return own ? { ...each, input: each.input.map((name, slot) => own.get(slot) ?? name) } : each;
    });
    const initializer = [...graph.initializer.map((tensor) => this.tensors.get(tensor.name) ?? tensor), ...this.added];
    return { ...this.original, graph: { ...graph, node, initializer } };
  }

  private note(node: Node, text: string): void {
    this.done.set(node, [...(this.done.get(node) ?? []), text]);
  }

  private rescale(weights: LayerWeights, exponent: (output: number, input: number) => number): void {
    const tensor = this.tensors.get(weights.tensor.name);
    if (tensor) this.tensors.set(tensor.name, scaledWeights(weights, tensor, exponent));
  }

  /** A constant that other nodes read too is copied: exporters write equal scales or shifts only once. */
  private divide({ node, slot, tensor, axis }: ChannelConstant, exponents: Int8Array): void {
    const now = this.tensors.get(tensor.name) ?? tensor;
    const divided = dividedAlong(now, axis, exponents);
    if ((this.uses.get(tensor.name) ?? 0) <= 1) {
      this.tensors.set(tensor.name, divided);
      return;
    }
    const name = this.names.next(`${tensor.name}_smoothed`);
    this.added.push({ ...divided, name });
    const own = this.renamed.get(node) ?? new Map<number, string>();
    this.renamed.set(node, own.set(slot, name));
  }
}
