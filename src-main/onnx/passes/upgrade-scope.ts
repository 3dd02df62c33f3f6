import { WorkbenchError } from '../../../src-shared/base/errors';
import type { GraphIndex } from '../graph/graph-index';
import { floatScalar, int64Tensor, intAttr, makeNode } from '../graph/make';
import { DataType, type Node, type Tensor } from '../graph/model';
import { isOp, nodeLabel } from '../graph/opset';
import type { StaticShape } from '../graph/shapes';
import { constantTensor } from './constants-to-initializers';
import type { FreshNames } from '../graph/fresh-names';

interface ScopeFacts {
  /** The default operator set that the model has. */
  readonly opset: number;
  readonly names: FreshNames;
  readonly index: GraphIndex;
  readonly types: ReadonlyMap<string, number>;
  readonly shapes: ReadonlyMap<string, StaticShape>;
  readonly outer: UpgradeScope | null;
}

/** What an upgrade rule may know about the graph that its node is in, and where it puts new initializers. */
export class UpgradeScope {
  readonly added: Tensor[] = [];

  constructor(private readonly facts: ScopeFacts) {}

  get opset(): number {
    return this.facts.opset;
  }

  get names(): FreshNames {
    return this.facts.names;
  }

  get types(): ReadonlyMap<string, number> {
    return this.facts.types;
  }

  get shapes(): ReadonlyMap<string, StaticShape> {
    return this.facts.shapes;
  }

  /** The value of an initializer or Constant node, of this graph or one around it. */
  constant(name: string): Tensor | null {
    const { index, outer } = this.facts;
    const initializer = index.initializer(name);
    if (initializer !== undefined) return initializer;
    const producer = index.producer(name);
    if (producer !== undefined) return isOp(producer.node, 'Constant') ? constantTensor(producer.node, name) : null;
    return index.isGraphInput(name) ? null : (outer?.constant(name) ?? null);
  }

  /** True when a node, subgraph or graph output uses the tensor. */
  isUsed(name: string): boolean {
    return name !== '' && (this.facts.index.consumers(name).length > 0 || this.facts.index.isGraphOutput(name));
  }

  /** Adds an int64 vector and returns its name. */
  addInts(base: string, values: readonly number[]): string {
    const name = this.names.next(base);
    this.added.push(int64Tensor(name, [values.length], values.map(toInt64)));
    return name;
  }

  addTensor(base: string, make: (name: string) => Tensor): string {
    const tensor = make(this.names.next(base));
    this.added.push(tensor);
    return tensor.name;
  }

  /** A scalar of the type that tensor `like` has: its name, and the Cast that makes it where that is not float32. */
  addScalarLike(base: string, value: number, like: string): { readonly name: string; readonly nodes: readonly Node[] } {
    const name = this.addTensor(base, (fresh) => floatScalar(fresh, value));
    const type = this.types.get(like) ?? DataType.FLOAT;
    if (type === DataType.FLOAT) return { name, nodes: [] };
    const cast = this.names.next(`${name}_cast`);
    return { name: cast, nodes: [makeNode('Cast', [name], [cast], { attributes: [intAttr('to', type)] })] };
  }

  unsupported(node: Node, why: string, version = 13): WorkbenchError {
    return new WorkbenchError(
      'model-unsupported',
      `${nodeLabel(node)} of opset ${this.opset} cannot be upgraded to opset ${version}: ${why}`,
      {
        hint: `Export the model again with opset_version=${version} or higher.`,
      },
    );
  }
}

/** Int64 limits do not survive as doubles: INT64_MAX reads as 2^63. */
function toInt64(value: number): bigint {
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  return value < -(2 ** 63) ? -(2n ** 63n) : BigInt(value);
}
