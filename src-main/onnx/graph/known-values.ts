import { attrInt, attrInts, attrValue } from './attributes';
import { elementCount, isFloatType } from './element-types';
import { DataType, type Node, type Tensor } from './model';
import { tensorAsFloat32, tensorAsInts } from './tensor-values';

/** Tensors with at most this many values are evaluated: they are shapes, axes, sizes and scales. */
const VALUES_MAX = 64;

/** Integers and truth values are rounded towards zero, floating-point numbers to float32. */
interface Values {
  readonly numbers: readonly number[];
  readonly isFloat: boolean;
}

/**
 * The values of small tensors that follow from constants and from the sizes of other tensors, as far as they decide
 * sizes: what exporters write for sizes that depend on the image.
 */
export class KnownValues {
  private readonly values = new Map<string, Values>();
  /** Read when they are first asked for: most small constants are biases, which decide no size. */
  private readonly constants = new Map<string, Tensor>();

  /** @param dims sizes of the tensors that were visited so far */
  constructor(private readonly dims: ReadonlyMap<string, readonly number[]>) {}

  /** undefined: unknown, or no integers. */
  ints(name: string): readonly number[] | undefined {
    const found = this.of(name);
    return found?.isFloat === false ? found.numbers : undefined;
  }

  /** undefined: unknown, or integers. */
  floats(name: string): readonly number[] | undefined {
    const found = this.of(name);
    return found?.isFloat === true ? found.numbers : undefined;
  }

  addConstant(name: string, tensor: Tensor): void {
    const isNumber = isFloatType(tensor.dataType) || INT_TYPES.has(tensor.dataType);
    if (isNumber && elementCount(tensor.dims) <= VALUES_MAX) this.constants.set(name, tensor);
  }

  private of(name: string): Values | undefined {
    const known = this.values.get(name);
    const constant = this.constants.get(name);
    if (known !== undefined || constant === undefined) return known;
    const isFloat = isFloatType(constant.dataType);
    const values = { numbers: isFloat ? [...tensorAsFloat32(constant)] : tensorAsInts(constant), isFloat };
    this.values.set(name, values);
    return values;
  }

  /** The nodes that write the inputs of this one were visited before. */
  visit(node: Node): void {
    const found = this.valuesOf(node);
    if (found === undefined || found.numbers.length > VALUES_MAX) return;
    const { isFloat } = found;
    this.values.set(node.output[0] ?? '', { numbers: found.numbers.map(isFloat ? Math.fround : Math.trunc), isFloat });
  }

  private valuesOf(node: Node): Values | undefined {
    if (node.opType === 'Shape') return integers(this.shape(node));
    if (node.opType === 'ConstantOfShape') return this.filled(node);
    const a = this.of(node.input[0] ?? '');
    if (a === undefined) return undefined;
    const [, b, c] = node.input.map((name) => this.of(name));
    const { isFloat } = a;
    switch (node.opType) {
      case 'Cast':
        return casted(a.numbers, attrInt(node, 'to', 0));
      case 'Equal':
        return integers(zip(a, b, (x, y) => (x === y ? 1 : 0)));
      case 'Where': {
        const numbers = b && chosen(a, b, c);
        return numbers && { numbers, isFloat: b.isFloat };
      }
      default: {
        const numbers = this.numbersOf(node, a);
        return numbers && { numbers, isFloat };
      }
    }
  }

  /** Values of an operator whose result has the type of its first input. */
  private numbersOf(node: Node, a: Values): readonly number[] | undefined {
    const inputs = node.input.map((name) => this.of(name));
    const b = inputs[1];
    switch (node.opType) {
      case 'Squeeze':
      case 'Unsqueeze':
      case 'Identity':
      case 'Reshape':
        return a.numbers;
      case 'Gather':
        return this.isVector(node)
          ? b?.numbers.map((at) => a.numbers[at < 0 ? at + a.numbers.length : at] ?? Number.NaN)
          : undefined;
      case 'Concat':
        return inputs.every((part) => part !== undefined) ? inputs.flatMap(({ numbers }) => numbers) : undefined;
      case 'Slice':
        return this.slicedRows(node, a.numbers);
      case 'Transpose':
        return this.transposed(node, a.numbers);
      case 'Div':
        // Integers are rounded towards zero by `visit`.
        return zip(a, b, (x, y) => x / y);
      case 'Mod':
        // The result has the sign of the divisor, or with fmod that of the dividend.
        return zip(a, b, (x, y) => (attrInt(node, 'fmod', 0) === 1 ? x % y : ((x % y) + y) % y));
      default:
        return this.arithmetic(node, inputs);
    }
  }

  private arithmetic(node: Node, inputs: readonly (Values | undefined)[]): readonly number[] | undefined {
    const [first, ...others] = inputs;
    const unary = UNARY.get(node.opType);
    if (unary !== undefined) return first?.numbers.map(unary);
    const joining = JOINING.get(node.opType);
    if (joining !== undefined)
      return others.reduce<readonly number[] | undefined>(
        (joined, other) => zip(joined && { numbers: joined }, other, joining),
        first?.numbers,
      );
    const reducing = JOINING.get(REDUCTIONS.get(node.opType) ?? '');
    // Of a vector, a reduction leaves one number.
    if (reducing === undefined || first === undefined || first.numbers.length === 0) return undefined;
    return this.isVector(node) ? [first.numbers.reduce((x, y) => reducing(x, y))] : undefined;
  }

  /** Whether the first input has at most one axis. */
  private isVector({ input }: Node): boolean {
    return (this.dims.get(input[0] ?? '')?.length ?? 2) <= 1;
  }

  private shape(node: Node): readonly number[] | undefined {
    const dims = this.dims.get(node.input[0] ?? '');
    return dims?.slice(attrInt(node, 'start', 0), attrInt(node, 'end', dims.length));
  }

  private filled(node: Node): Values | undefined {
    const count = this.ints(node.input[0] ?? '')?.reduce((product, size) => product * size, 1) ?? Number.NaN;
    if (!(count <= VALUES_MAX)) return undefined;
    const value = attrValue(node, 'value', 'tensor')?.value;
    const isFloat = value === undefined || isFloatType(value.dataType);
    const [fill = 0] = value === undefined ? [] : isFloat ? tensorAsFloat32(value) : tensorAsInts(value);
    return { numbers: new Array<number>(count).fill(fill), isFloat };
  }

  /** Rows of a tensor along its first axis. */
  private slicedRows(node: Node, values: readonly number[]): readonly number[] | undefined {
    const [starts, ends] = [this.list(node, 1, 'starts'), this.list(node, 2, 'ends')];
    const [axes, steps] = [this.list(node, 3, 'axes'), this.list(node, 4)];
    const [start, end] = [starts?.[0], ends?.[0]];
    const rows = this.dims.get(node.input[0] ?? '')?.[0] ?? values.length;
    if (starts?.length !== 1 || start === undefined || end === undefined) return undefined;
    if ((axes?.[0] ?? 0) !== 0) return undefined;
    const step = steps?.[0] ?? 1;
    const { from, count } = slicedRange(rows, { start, end, step });
    const width = values.length / rows;
    return Array.from({ length: count }, (_, i) => from + i * step).flatMap((row) =>
      values.slice(row * width, (row + 1) * width),
    );
  }

  /** Values of an integer input; an attribute of older operator sets instead, where it is given. */
  list(node: Node, input: number, attribute?: string): readonly number[] | undefined {
    return (
      (attribute === undefined ? undefined : attrInts(node, attribute, undefined)) ?? this.ints(node.input[input] ?? '')
    );
  }

  private transposed(node: Node, values: readonly number[]): readonly number[] | undefined {
    const [rows = 0, columns = 0, ...more] = this.dims.get(node.input[0] ?? '') ?? [];
    const isTurned = (attrInts(node, 'perm', undefined) ?? [1, 0]).join() === '1,0';
    if (more.length > 0 || !isTurned) return undefined;
    return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? Number.NaN);
  }
}

const INT_TYPES: ReadonlySet<number> = new Set([DataType.INT64, DataType.INT32, DataType.BOOL]);

const UNARY: ReadonlyMap<string, (x: number) => number> = new Map([
  ['Abs', Math.abs],
  ['Ceil', Math.ceil],
  ['Floor', Math.floor],
  ['Neg', (x: number) => -x],
  ['Reciprocal', (x: number) => 1 / x],
  ['Sqrt', Math.sqrt],
]);

const JOINING: ReadonlyMap<string, (x: number, y: number) => number> = new Map([
  ['Add', (x: number, y: number) => x + y],
  ['Sub', (x: number, y: number) => x - y],
  ['Mul', (x: number, y: number) => x * y],
  ['Min', (x: number, y: number) => Math.min(x, y)],
  ['Max', (x: number, y: number) => Math.max(x, y)],
]);

const REDUCTIONS: ReadonlyMap<string, string> = new Map([
  ['ReduceMax', 'Max'],
  ['ReduceMin', 'Min'],
  ['ReduceProd', 'Mul'],
  ['ReduceSum', 'Add'],
]);

function integers(numbers: readonly number[] | undefined): Values | undefined {
  return numbers && { numbers, isFloat: false };
}

function casted(numbers: readonly number[], to: number): Values | undefined {
  if (isFloatType(to)) return { numbers, isFloat: true };
  if (!INT_TYPES.has(to)) return undefined;
  return integers(to === DataType.BOOL ? numbers.map((x) => (x === 0 ? 0 : 1)) : numbers);
}

function chosen(isFirst: Values, first: Values, second: Values | undefined): readonly number[] | undefined {
  const marked = zip(isFirst, first, (is, x) => (is === 0 ? Number.NaN : x));
  return zip(marked && { numbers: marked }, second, (x, y) => (Number.isNaN(x) ? y : x));
}

/** Value by value; a single value stands beside each of the others. */
function zip(
  a: Pick<Values, 'numbers'> | undefined,
  b: Pick<Values, 'numbers'> | undefined,
  of: (x: number, y: number) => number,
): readonly number[] | undefined {
  if (a === undefined || b === undefined) return undefined;
  const at = ({ numbers }: Pick<Values, 'numbers'>, i: number): number =>
    numbers[numbers.length === 1 ? 0 : i] ?? Number.NaN;
  return Array.from({ length: Math.max(a.numbers.length, b.numbers.length) }, (_, i) => of(at(a, i), at(b, i)));
}

/** First index and number of the indices that a Slice takes of an axis. */
export function slicedRange(
  size: number,
  { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
): { readonly from: number; readonly count: number } {
  const clamp = (value: number, low: number, high: number): number =>
    Math.min(high, Math.max(low, value < 0 ? value + size : value));
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const from = clamp(start, low, high);
  const to = end < -size ? low : clamp(end, low, high);
  return { from, count: Math.max(0, Math.ceil((to - from) / step)) };
}
