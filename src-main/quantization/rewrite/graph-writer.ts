import { FreshNames } from '../../onnx/graph/fresh-names';
import { intAttr, makeNode } from '../../onnx/graph/make';
import type { Graph, Node, Tensor } from '../../onnx/graph/model';

/** The float type in which a layer reads and writes tensors. */
export type FloatType = 'fp32' | 'fp16';

/** Collects the nodes and constants of a rewritten graph in the order in which they are written. */
export class GraphWriter {
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];
  readonly names: FreshNames;

  constructor(graph: Graph) {
    this.names = new FreshNames(graph);
  }

  constant(tensor: Tensor): string {
    this.initializers.push(tensor);
    return tensor.name;
  }

  cast(from: string, to: string, dataType: number): void {
    this.nodes.push(
      makeNode('Cast', [from], [to], { name: this.names.next(`${to}_Cast`), attributes: [intAttr('to', dataType)] }),
    );
  }

  /**
   * @param name of the tensor in the FP32 graph, from which new names are made
   * @param constants names of the scale and of the zero point
   * @returns the name of the output
   */
  quantizeLinear(name: string, from: string, constants: readonly string[], attributes: Node['attribute']): string {
    return this.linear('QuantizeLinear', this.names.next(`${name}_quantized`), name, {
      inputs: [from, ...constants],
      attributes,
    });
  }

  /** See quantizeLinear; the zero point may be absent. */
  dequantizeLinear(name: string, from: string, constants: readonly string[], attributes: Node['attribute']): string {
    return this.linear('DequantizeLinear', this.names.next(`${name}_dequantized`), name, {
      inputs: [from, ...constants],
      attributes,
    });
  }

  private linear(
    op: 'QuantizeLinear' | 'DequantizeLinear',
    output: string,
    name: string,
    { inputs, attributes }: { readonly inputs: readonly string[]; readonly attributes: Node['attribute'] },
  ): string {
    this.nodes.push(makeNode(op, inputs, [output], { name: this.names.next(`${name}_${op}`), attributes }));
    return output;
  }
}
