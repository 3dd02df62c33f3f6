import type { LayerFormat, PlacementDecision, Precision } from '../../../src-shared/domain/project/precision';
import { defined } from '../../../src-shared/base/assert';
import { layerId } from '../../../src-shared/base/brand';
import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from '../rules/graph-facts';
import { verdictOf, type LayerPrecisions } from './layer-precisions';
import type { FoldedActivation, LayerInput, Placement, QuantizedBias, QuantizedWeight, Verdict } from './placement';
import { ScaleSharing } from './scale-sharing';

interface Why {
  readonly code: string;
  readonly reason: string;
}

/** Collects the decisions of a placement policy. The first decision about a layer is the one that is reported. */
export class PlacementBuilder<Format extends LayerFormat = Precision> {
  readonly sharing = new ScaleSharing();
  readonly weights: QuantizedWeight[] = [];
  readonly biases: QuantizedBias[] = [];
  readonly folded: FoldedActivation[] = [];
  private readonly usesByTensor = new Map<string, LayerInput[]>();
  private readonly verdicts = new Map<string, Verdict<Format | Precision>>();
  private readonly edges = new Map<string, PlacementDecision<Format | Precision>[]>();

  constructor(
    private readonly facts: GraphFacts,
    private readonly precisions: Pick<LayerPrecisions, 'fp16Layers' | 'fallbackRefusals' | 'coarse'>,
    /** The format that layers are placed in, as sentences name it. */
    private readonly formatName = 'INT8',
  ) {}

  isQuantized(tensor: string): boolean {
    return this.usesByTensor.has(tensor);
  }

  /** `node` reads `tensor` through Q/DQ. */
  isQuantizedUse(tensor: string, node: Node): boolean {
    return this.usesByTensor.get(tensor)?.some((use) => use.layer === node.name) ?? false;
  }

  /** The layer computes with integers, or is fused into the kernel of a layer that does. */
  isInteger(node: Node): boolean {
    return this.verdicts.get(node.name)?.precision === 'int8';
  }

  /** Inserts Q/DQ between `tensor` and input `slot` of `node`, and records the reason. */
  quantizeEdge(
    tensor: string,
    node: Node,
    slot: number,
    why: Why & { readonly precision?: Format } = {
      code: 'quantized-input',
      reason: `${node.opType} computes with 8-bit integers`,
    },
  ): void {
    const uses = this.usesByTensor.get(tensor) ?? [];
    if (uses.some((use) => use.layer === node.name && use.slot === slot)) return;
    uses.push({ layer: node.name, slot });
    this.usesByTensor.set(tensor, uses);
    this.explainEdge(tensor, node, { precision: 'int8', ...why });
  }

  decide(node: Node, verdict: Verdict<Format | Precision>): void {
    if (!this.verdicts.has(node.name)) this.verdicts.set(node.name, verdict);
  }

  isDecided(node: Node): boolean {
    return this.verdicts.has(node.name);
  }

  explainEdge(tensor: string, node: Node, verdict: Verdict<Format | Precision>): void {
    const decision: PlacementDecision<Format | Precision> = {
      layer: layerId(node.name),
      op: node.opType,
      ...verdict,
      tensor,
    };
    this.edges.set(node.name, [...(this.edges.get(node.name) ?? []), decision]);
  }

  /** @param floatTail layers that stay in FP32 for speed although the fallback precision is FP16. */
  build(floatTail: ReadonlySet<string> = new Set()): Placement<Format | Precision> {
    const fp16Layers = new Set([...this.precisions.fp16Layers].filter((layer) => !floatTail.has(layer)));
    const order = new Map([...this.facts.nodes.entries()].map(([i, node]) => [node.name, i]));
    const position = (layer: string): number => order.get(layer) ?? 0;
    const decisions: PlacementDecision<Format | Precision>[] = [];
    for (const node of this.facts.nodes) {
      const verdict = this.withFallback(
        node,
        defined(this.verdicts.get(node.name), `no decision about ${node.name}`),
        fp16Layers,
      );
      decisions.push({ layer: layerId(node.name), op: node.opType, ...verdict }, ...(this.edges.get(node.name) ?? []));
      if (verdict.precision === 'fp16') decisions.push(...this.coarseTensors(node));
      if (verdict.precision === 'int8') decisions.push(...this.floatSide(node));
    }
    const tensors = [...this.usesByTensor].map(([tensor, uses]) => ({
      tensor,
      uses: uses.toSorted((a, b) => position(a.layer) - position(b.layer) || a.slot - b.slot),
    }));
    tensors.sort(
      (a, b) => position(a.uses[0]?.layer ?? '') - position(b.uses[0]?.layer ?? '') || (a.tensor < b.tensor ? -1 : 1),
    );
    return {
      tensors,
      groups: this.sharing.groups(),
      weights: this.weights,
      biases: this.biases,
      folded: this.folded,
      fp16Layers,
      decisions,
    };
  }

  /** Tensors of an FP16 layer whose values are so large that FP16 represents them with steps of 0.5 or more. */
  private coarseTensors(node: Node): PlacementDecision[] {
    const hazards = this.precisions.coarse.get(node.name) ?? [];
    return hazards.map(({ code, tensor, reason }) => ({
      layer: layerId(node.name),
      op: node.opType,
      precision: 'fp16',
      code,
      reason,
      tensor,
    }));
  }

  /** Reason why the float side of an INT8 layer is FP32 although the fallback precision is FP16. */
  private floatSide(node: Node): PlacementDecision[] {
    const refusal = this.precisions.fallbackRefusals.get(node.name);
    if (refusal?.tensor === undefined) return [];
    const { code, reason, tensor } = refusal;
    return [
      {
        layer: layerId(node.name),
        op: node.opType,
        precision: 'int8',
        code,
        reason: `float32 around its integers: ${reason}`,
        tensor,
      },
    ];
  }

  /**
   * A layer that does not run in INT8 runs in the fallback precision, or in FP32 with the reason why FP16 is excluded.
   */
  private withFallback(
    node: Node,
    verdict: Verdict<Format | Precision>,
    fp16Layers: ReadonlySet<string>,
  ): Verdict<Format | Precision> {
    if (verdict.precision !== 'fp32') return verdict;
    if (fp16Layers.has(node.name))
      return {
        ...verdict,
        precision: 'fp16',
        reason: `${verdict.reason}; runs in FP16 as all layers that ${this.formatName} does not take`,
      };
    if (this.precisions.fp16Layers.has(node.name))
      return {
        ...verdict,
        reason: `${verdict.reason}; in FP32 up to the output, since a conversion there costs more than FP16 saves`,
      };
    const refusal = this.precisions.fallbackRefusals.get(node.name);
    return refusal?.code.startsWith('fp16-')
      ? { ...verdictOf(refusal), reason: `${verdict.reason}; not in FP16: ${refusal.reason}` }
      : verdict;
  }
}
