import { elementTypes } from './dtypes';
import { GraphIndex } from './graph-index';
import { floatOutput } from './make';
import { DataType, type Model, type Node } from './model';
import { isDefaultDomain, isOp } from './opset';
import { capturedNames } from './subgraphs';

/** Layers behind a plugin without which a model is no longer the one that is quantized. */
const WEIGHTED = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];

/**
 * Whether a layer is an operator of a TensorRT plugin, which ONNX Runtime cannot compute: TensorRT's own ones end in
 * _TRT (github.com/NVIDIA/TensorRT, plugin/README.md), and those of users have a domain that is not one of ONNX or of
 * ONNX Runtime.
 */
export function isPlugin({ domain, opType }: Node): boolean {
  if (opType.endsWith('_TRT')) return true;
  return !isDefaultDomain(domain) && !domain.startsWith('ai.onnx.') && !domain.startsWith('com.microsoft');
}

/**
 * The model without the plugins at its end (EfficientNMS_TRT, for example) and what is computed from them: its outputs
 * are the activations that they read. If a Conv, ConvTranspose, Gemm or MatMul is behind a plugin, nothing changes.
 */
export function withoutPluginsAtEnd(model: Model): Model {
  const { graph } = model;
  const behind = new Set<string>();
  const removed: Node[] = [];
  const index = new GraphIndex(graph);
  for (const node of index.sortedNodes) {
    const reads = [...node.input, ...capturedNames(node)];
    if (!isPlugin(node) && !reads.some((name) => behind.has(name))) continue;
    removed.push(node);
    for (const name of node.output) behind.add(name);
  }
  if (removed.length === 0 || removed.some((node) => isOp(node, ...WEIGHTED))) return model;
  const types = elementTypes(model);
  const kept = graph.output.filter(({ name }) => !behind.has(name));
  const names = new Set(kept.map(({ name }) => name));
  const read = removed
    .flatMap((node) => node.input)
    .filter((name) => index.producer(name) && !behind.has(name) && types.get(name) === DataType.FLOAT);
  const added = [...new Set(read)].filter((name) => !names.has(name));
  if (added.length + kept.length === 0) return model;
  const gone = new Set(removed);
  const node = graph.node.filter((each) => !gone.has(each));
  return { ...model, graph: { ...graph, node, output: [...kept, ...added.map(floatOutput)] } };
}
