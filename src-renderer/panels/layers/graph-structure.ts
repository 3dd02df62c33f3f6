import type { LayerView, ModelView } from '../../../src-shared/contract/views';
import type { PlacementDecision } from '../../../src-shared/domain/project/precision';

/** The input of the layout: names and connections, without numbers and decisions. Nodes are in topological order. */
export interface GraphStructure {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphNode {
  readonly id: string;
  readonly kind: 'layer' | 'input' | 'output';
  /** The name of the layer or of the tensor. */
  readonly name: string;
}

/** One use of a tensor: from its producer (or model input) to input `slot` of a layer (or model output). */
export interface GraphEdge {
  readonly id: string;
  readonly tensor: string;
  /** Indices into `nodes`. */
  readonly from: number;
  readonly to: number;
}

export const layerNodeId = (layer: string): string => `layer:${layer}`;
export const inputNodeId = (tensor: string): string => `input:${tensor}`;
export const outputNodeId = (tensor: string): string => `output:${tensor}`;

/** The graph of a model: its inputs, layers and outputs, and an edge for every use of a tensor. */
export function graphStructure(model: Pick<ModelView, 'inputs' | 'outputs' | 'layers'>): GraphStructure {
  const nodes: GraphNode[] = [
    ...model.inputs.map((name): GraphNode => ({ id: inputNodeId(name), kind: 'input', name })),
    ...model.layers.map((layer): GraphNode => ({ id: layerNodeId(layer.layer), kind: 'layer', name: layer.layer })),
    ...model.outputs.map((name): GraphNode => ({ id: outputNodeId(name), kind: 'output', name })),
  ];
  const producer = new Map<string, number>(model.inputs.map((name, index) => [name, index]));
  model.layers.forEach((layer, index) => {
    for (const tensor of layer.outputs) producer.set(tensor, model.inputs.length + index);
  });
  const edges: GraphEdge[] = [];
  const connect = (tensor: string, to: number, slot: number): void => {
    const from = producer.get(tensor);
    if (from !== undefined && from !== to) edges.push({ id: `${from}>${to}:${slot}`, tensor, from, to });
  };
  model.layers.forEach((layer, index) =>
    layer.inputs.forEach((tensor, slot) => connect(tensor, model.inputs.length + index, slot)),
  );
  model.outputs.forEach((tensor, index) => connect(tensor, model.inputs.length + model.layers.length + index, 0));
  return { nodes, edges };
}

/** A key that is equal for models of equal structure, independent of their plans, decisions and thresholds. */
export function structureKey(structure: GraphStructure): string {
  return `${structure.nodes.map((node) => node.id).join('\n')}\n\n${structure.edges.map((edge) => edge.id).join('\n')}`;
}

/** The decision about a tensor that a layer reads. */
export interface EdgePlacement {
  readonly decision: PlacementDecision;
  /**
   * False if there is no decision about the edge itself (it has no Q/DQ); `decision` is then the one about the layer
   * that reads it.
   */
  readonly isOwn: boolean;
}

/** The placements of all tensors that the layer reads. */
export function edgePlacements(layer: LayerView): ReadonlyMap<string, EdgePlacement> {
  const own = new Map(
    layer.edges.flatMap((edge) => (edge.tensor === undefined || isRemark(edge) ? [] : [[edge.tensor, edge] as const])),
  );
  return new Map(
    layer.inputs.map((tensor) => {
      const decision = own.get(tensor);
      return [tensor, decision === undefined ? { decision: layer.decision, isOwn: false } : { decision, isOwn: true }];
    }),
  );
}

/**
 * Additional remarks about a layer: tensors that FP16 rounds coarsely or cannot represent, and decisions about tensors
 * that the layer does not read.
 */
export function layerRemarks(layer: LayerView): readonly PlacementDecision[] {
  return layer.edges.filter(
    (edge) => isRemark(edge) || (edge.tensor !== undefined && !layer.inputs.includes(edge.tensor)),
  );
}

const REPAIR_CODES: readonly string[] = [
  'equalized',
  'not-equalized',
  'smoothed',
  'not-smoothed',
  'bias-corrected',
  'bias-learned',
  'weights-learned',
];

/** True for decisions about repairs of the layer's weights or bias, which do not restrict its precision. */
export function isRepair(decision: PlacementDecision): boolean {
  return REPAIR_CODES.includes(decision.code);
}

/** True for decisions that are shown in addition to the decision about the edge and do not replace it. */
function isRemark(decision: PlacementDecision): boolean {
  return decision.code === 'fp16-coarse' || decision.code.startsWith('fp16-refused');
}
