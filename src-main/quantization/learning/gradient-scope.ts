import { WorkbenchError } from '../../../src-shared/base/errors';
import { FreshNames } from '../../onnx/graph/fresh-names';
import { floatOutput, floatScalar, floatTensor, int64Tensor, intAttr, makeNode } from '../../onnx/graph/make';
import type { Attribute, Graph, Model, Node, Tensor, ValueInfo } from '../../onnx/graph/model';
import { tensorAsInts } from '../../onnx/graph/tensor-values';
import type { Dims } from '../../onnx/graph/static-shapes';

/**
 * Collects the nodes that compute gradients. They follow operator set 18 or newer: axes and sizes are inputs.
 */
export class GradientScope {
  readonly nodes: Node[] = [];
  readonly constants: Tensor[] = [];
  private readonly names: FreshNames;
  private readonly initializers: ReadonlyMap<string, Tensor>;

  /** @param dims the sizes of every float tensor of the graph. */
  constructor(
    graph: Graph,
    private readonly dims: ReadonlyMap<string, Dims>,
  ) {
    this.names = new FreshNames(graph);
    this.initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  }

  /** Sizes of a tensor of the graph itself. @throws WorkbenchError model-unsupported if they are not known */
  dimsOf(name: string): Dims {
    const dims = this.dims.get(name);
    if (dims === undefined)
      throw new WorkbenchError('model-unsupported', `The sizes of tensor "${name}" are not known`);
    return dims;
  }

  initializer(name: string | undefined): Tensor | undefined {
    return this.initializers.get(name ?? '');
  }

  /** The values of a constant with integers; null if the tensor is not constant. */
  intsOf(name: string): readonly number[] | null {
    const tensor = this.initializers.get(name);
    return tensor ? tensorAsInts(tensor) : null;
  }

  /** Adds a node. @returns the name of its only output. */
  op(opType: string, inputs: readonly string[], attributes: readonly Attribute[] = []): string {
    const [output = ''] = this.ops(opType, inputs, 1, attributes);
    return output;
  }

  /** Adds a node with several outputs. */
  ops(opType: string, inputs: readonly string[], outputs: number, attributes: readonly Attribute[] = []): string[] {
    const names = Array.from({ length: outputs }, () => this.names.next(`gradient_${opType}`));
    this.nodes.push(makeNode(opType, inputs, names, { attributes }));
    return names;
  }

  /** A name that the graph does not have, for an input. */
  name(wanted: string): string {
    return this.names.next(wanted);
  }

  scalar(value: number): string {
    return this.constant(floatScalar(this.names.next('gradient_constant'), value));
  }

  floats(dims: Dims, values: ArrayLike<number>): string {
    return this.constant(floatTensor(this.names.next('gradient_constant'), dims, values));
  }

  ints(values: readonly number[]): string {
    return this.constant(int64Tensor(this.names.next('gradient_constant'), [values.length], values));
  }

  zeros(dims: Dims): string {
    return this.op('Expand', [this.scalar(0), this.ints(dims)]);
  }

  sum(name: string, axes: readonly number[], keepdims: boolean): string {
    return this.op('ReduceSum', [name, this.ints(axes)], [intAttr('keepdims', keepdims ? 1 : 0)]);
  }

  mean(name: string, axes: readonly number[]): string {
    return this.op('ReduceMean', [name, this.ints(axes)]);
  }

  reshape(name: string, dims: Dims): string {
    return this.op('Reshape', [name, this.ints(dims)]);
  }

  /** The gradient of a tensor of sizes `to` that was broadcast to sizes `from`: the sum over the repeated axes. */
  unbroadcast(name: string, from: Dims, to: Dims): string {
    const added = from.length - to.length;
    const axes = [...from.keys()].filter((axis) => axis < added || (to[axis - added] === 1 && from[axis] !== 1));
    if (axes.length === 0) return name;
    const summed = this.sum(name, axes, true);
    return added === 0 ? summed : this.reshape(summed, to);
  }

  /** The model with the nodes of this scope, and with other inputs besides its own. */
  extended(model: Model, inputs: readonly ValueInfo[], outputs: readonly string[]): Model {
    const { graph } = model;
    return {
      ...model,
      graph: {
        ...graph,
        node: [...graph.node, ...this.nodes],
        initializer: [...graph.initializer, ...this.constants],
        input: [...graph.input, ...inputs],
        output: outputs.map(floatOutput),
      },
    };
  }

  private constant(tensor: Tensor): string {
    this.constants.push(tensor);
    return tensor.name;
  }
}
