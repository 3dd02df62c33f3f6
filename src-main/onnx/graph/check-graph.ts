import { attrInt } from './attributes';
import { DataType, type Graph, type Model, type Node, type Tensor } from './model';
import { defaultOpset, isDefaultDomain, isOp, nodeLabel } from './opset';
import { subgraphsOf } from './subgraphs';
import { tensorAsFloat32 } from './tensor-values';

/** Something that makes a model invalid. */
export interface GraphProblem {
  /** The node with the problem; null if it concerns the graph. */
  readonly node: Node | null;
  /** What was found and what the ONNX standard requires, without the name of the node. */
  readonly message: string;
}

/** FP16 scales, and Q/DQ per channel, exist from these operator sets on. */
const HALF_SCALE_OPSET = 19;
const PER_CHANNEL_OPSET = 13;
const ZERO_POINT_TYPES: readonly number[] = [
  DataType.INT8,
  DataType.UINT8,
  DataType.INT16,
  DataType.UINT16,
  DataType.INT32,
];

/**
 * Checks the rules of the ONNX standard that an edit of a model can break: every input is defined before it is read,
 * every name is defined once (bodies of If, Loop and Scan included), outputs exist, operator sets are imported, and the
 * constants of Q/DQ fit each other. Time is proportional to the size of the graph; no weights are read.
 */
export function graphProblems(model: Model): GraphProblem[] {
  const problems: GraphProblem[] = [];
  const domains = new Set(model.opsetImport.map(({ domain }) => (isDefaultDomain(domain) ? '' : domain)));
  checkGraph(model.graph, new Set(), { problems, domains, opset: defaultOpset(model) });
  return problems;
}

/** `Conv "c1": reads "x", which ...` */
export function problemText({ node, message }: GraphProblem): string {
  return node === null ? message : `${nodeLabel(node)}: ${message}`;
}

interface Check {
  readonly problems: GraphProblem[];
  readonly domains: ReadonlySet<string>;
  readonly opset: number;
}

function checkGraph(graph: Graph, outer: ReadonlySet<string>, check: Check): void {
  const { problems } = check;
  const defined = new Set(graph.input.map(({ name }) => name));
  const initializers = new Map<string, Tensor>();
  const nodeNames = new Set<string>();
  const define = (name: string, node: Node | null): void => {
    if (defined.has(name) || outer.has(name))
      problems.push({ node, message: `defines "${name}", which is defined already` });
    defined.add(name);
  };
  for (const name of defined)
    if (outer.has(name))
      problems.push({ node: null, message: `Input "${name}" of a body has a name of the graph around it` });
  for (const tensor of graph.initializer) {
    if (initializers.has(tensor.name) || outer.has(tensor.name))
      problems.push({ node: null, message: `Initializer "${tensor.name}" is defined already` });
    initializers.set(tensor.name, tensor);
    defined.add(tensor.name);
  }
  for (const node of graph.node) {
    if (node.name !== '' && nodeNames.has(node.name))
      problems.push({ node, message: 'another node has the same name' });
    nodeNames.add(node.name);
    const domain = isDefaultDomain(node.domain) ? '' : node.domain;
    if (!check.domains.has(domain))
      problems.push({ node, message: `the model imports no operator set of its domain "${domain}"` });
    const missing = node.input.find((name) => name !== '' && !defined.has(name) && !outer.has(name));
    if (missing !== undefined) problems.push({ node, message: `reads "${missing}", which nothing before it defines` });
    for (const body of subgraphsOf(node)) checkGraph(body, new Set([...outer, ...defined]), check);
    if (isOp(node, 'QuantizeLinear', 'DequantizeLinear'))
      problems.push(...qdqProblems(node, initializers, check.opset));
    for (const name of node.output) if (name !== '') define(name, node);
  }
  for (const { name } of graph.output)
    if (!defined.has(name) && !outer.has(name))
      problems.push({ node: null, message: `Nothing makes the output "${name}"` });
}

function qdqProblems(node: Node, initializers: ReadonlyMap<string, Tensor>, opset: number): GraphProblem[] {
  const scale = initializers.get(node.input[1] ?? '');
  if (!scale) return [];
  const found: string[] = [];
  const zeroPoint = initializers.get(node.input[2] ?? '');
  const isFp16 = scale.dataType === DataType.FLOAT16;
  if (scale.dataType !== DataType.FLOAT && !isFp16 && scale.dataType !== DataType.BFLOAT16)
    found.push(`its scale has element type ${scale.dataType}, expected a floating-point one`);
  if (isFp16 && opset < HALF_SCALE_OPSET) found.push(`its scale is FP16, which operator set ${opset} does not know`);
  if (scale.dims.length > 0 && opset < PER_CHANNEL_OPSET)
    found.push(`it has a scale per channel, which operator set ${opset} does not know`);
  if (zeroPoint && opset < HALF_SCALE_OPSET && !ZERO_POINT_TYPES.includes(zeroPoint.dataType))
    found.push(`its zero point has element type ${zeroPoint.dataType}`);
  if (zeroPoint && zeroPoint.dims.join() !== scale.dims.join())
    found.push(`its zero point has shape [${zeroPoint.dims.join()}], its scale [${scale.dims.join()}]`);
  const data = initializers.get(node.input[0] ?? '');
  if (data && scale.dims.length === 1 && data.dims.length > 0) {
    const axis = attrInt(node, 'axis', 1);
    const size = data.dims.at(axis);
    if (size !== scale.dims[0] && scale.dims[0] !== 1)
      found.push(`it has ${scale.dims[0] ?? 0} scales for axis ${axis} of [${data.dims.join()}]`);
  }
  if (
    scale.dataType === DataType.FLOAT &&
    !tensorAsFloat32(scale).every((value) => value > 0 && Number.isFinite(value))
  )
    found.push('one of its scales is not a finite number above 0');
  return found.map((message) => ({ node, message }));
}
