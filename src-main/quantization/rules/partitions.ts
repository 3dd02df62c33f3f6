import type { Node } from '../../onnx/graph/model';
import { branchesOf } from './common-ancestor';
import type { GraphFacts, Use } from './graph-facts';
import { ACTIVATION_OPS, ARITHMETIC_OPS, COMPUTE_OPS, RESHAPE_OPS } from './op-classes';

/** A compute layer and the layers fused into its kernel; edges inside a partition have no Q/DQ. */
export interface Partition {
  readonly root: Node;
  /** The fused layers without the root, in topological order. */
  readonly members: readonly Node[];
  readonly residual: ResidualAdd | null;
  /** The output tensor of the partition. */
  readonly output: string;
}

/** An Add of a computed branch and a shortcut that bypasses it. */
export interface ResidualAdd {
  readonly add: Node;
  readonly computed: string;
  readonly shortcut: string;
  readonly shortcutSlot: 0 | 1;
}

export interface Partitions {
  readonly list: readonly Partition[];
  /** The partition that a node belongs to, as root or as a fused layer. */
  of(node: Node): Partition | undefined;
}

const partitionsByFacts = new WeakMap<GraphFacts, Partitions>();

/** The partitions of a graph. They do not depend on a plan, so that they are found once per model. */
export function findPartitions(facts: GraphFacts): Partitions {
  const known = partitionsByFacts.get(facts);
  if (known) return known;
  const found = growPartitions(facts);
  partitionsByFacts.set(facts, found);
  return found;
}

function growPartitions(facts: GraphFacts): Partitions {
  const list: Partition[] = [];
  const byNode = new Map<Node, Partition>();
  for (const root of facts.nodes) {
    if (!isComputeNode(facts, root)) continue;
    const partition = growPartition(facts, root);
    list.push(partition);
    for (const node of [root, ...partition.members]) byNode.set(node, partition);
  }
  return { list, of: (node) => byNode.get(node) };
}

/** A Conv, ConvTranspose, Gemm or MatMul that depends on the graph's inputs and has a float32 output. */
export function isComputeNode(facts: GraphFacts, node: Node): boolean {
  return COMPUTE_OPS.has(node.opType) && facts.isActivation(node.output[0] ?? '');
}

function growPartition(facts: GraphFacts, root: Node): Partition {
  const members: Node[] = [];
  let residual: ResidualAdd | null = null;
  let output = root.output[0] ?? '';
  for (;;) {
    const step = nextStep(facts, root, { output, members, residual });
    if (!step) return { root, members, residual, output };
    members.push(...step.nodes);
    residual = step.residual ?? residual;
    output = step.output;
  }
}

interface Growth {
  readonly output: string;
  readonly members: readonly Node[];
  readonly residual: ResidualAdd | null;
}

interface Step {
  readonly nodes: readonly Node[];
  readonly output: string;
  readonly residual?: ResidualAdd;
}

function nextStep(facts: GraphFacts, root: Node, growth: Growth): Step | null {
  if (facts.isObserved(growth.output)) return null;
  const uses = facts.uses(growth.output);
  const use = uses[0];
  if (!use) return null;
  // Behind a residual Add, only its activation is still fused.
  if (growth.residual)
    return uses.length === 1 && use.slot === 0 && ACTIVATION_OPS.has(use.node.opType) ? single(use.node) : null;
  if (uses.length === 2) return siluStep(facts, growth.output, uses);
  if (uses.length !== 1) return null;
  const { node, slot } = use;
  if (slot === 0 && (ACTIVATION_OPS.has(node.opType) || RESHAPE_OPS.has(node.opType)))
    return othersConstant(facts, node, 0) ? single(node) : null;
  if (slot === 0 && node.opType === 'MaxPool') return isRectifier(growth.members.at(-1)) ? single(node) : null;
  if (!ARITHMETIC_OPS.has(node.opType)) return null;
  if (othersConstant(facts, node, slot)) return single(node);
  if (root.opType !== 'Conv' && root.opType !== 'ConvTranspose') return null;
  const residual = residualOf(facts, node);
  return residual?.computed === growth.output ? { ...single(node), residual } : null;
}

function single(node: Node): Step {
  return { nodes: [node], output: node.output[0] ?? '' };
}

function isRectifier(node: Node | undefined): boolean {
  return node?.opType === 'Relu' || node?.opType === 'Clip';
}

/** Every input but `slot` is constant, or an integer shape argument. */
function othersConstant(facts: GraphFacts, node: Node, slot: number): boolean {
  return node.input.every(
    (name, i) =>
      i === slot ||
      name === '' ||
      facts.isConstant(name) ||
      (RESHAPE_OPS.has(node.opType) && !facts.isActivation(name)),
  );
}

/** x * Sigmoid(x) (SiLU) or x * HardSigmoid(x): both uses of x are in one partition. */
function siluStep(facts: GraphFacts, tensor: string, uses: readonly Use[]): Step | null {
  const gate = uses.find(({ node }) => node.opType === 'Sigmoid' || node.opType === 'HardSigmoid')?.node;
  const product = uses.find(({ node }) => node.opType === 'Mul')?.node;
  const gated = gate?.output[0];
  if (!gate || !product || gated === undefined || facts.isObserved(gated)) return null;
  const isSilu = facts.uses(gated).length === 1 && product.input.includes(gated) && product.input.includes(tensor);
  return isSilu ? { nodes: [gate, product], output: product.output[0] ?? '' } : null;
}

/**
 * The residual connection that an Add closes, or null. Both inputs must be activations with a common ancestor, and the
 * longer path from the ancestor must contain a Conv or ConvTranspose: without one (a gate, a GELU) the Add is not
 * fused. The computed branch is the longer path, or of equally long paths the one whose tensor is produced later.
 */
export function residualOf(facts: GraphFacts, node: Node): ResidualAdd | null {
  const [left = '', right = ''] = node.input;
  if (node.opType !== 'Add' || left === right || !facts.isActivation(left) || !facts.isActivation(right)) return null;
  const branches = branchesOf(facts, left, right);
  if (!branches) return null;
  const [a, b] = branches.lengths;
  const leftIsLater = positionOf(facts, left) > positionOf(facts, right);
  const computedSide = a > b || (a === b && leftIsLater) ? 0 : 1;
  const hasBackbone = [...branches.between[computedSide]].some(
    (between) => between.opType === 'Conv' || between.opType === 'ConvTranspose',
  );
  if (!hasBackbone) return null;
  return computedSide === 0
    ? { add: node, computed: left, shortcut: right, shortcutSlot: 1 }
    : { add: node, computed: right, shortcut: left, shortcutSlot: 0 };
}

function positionOf(facts: GraphFacts, tensor: string): number {
  const producer = facts.producer(tensor);
  return producer ? facts.indexOf(producer) : -1;
}
