import { attrFloat, attrInt } from '../../onnx/graph/attributes';
import { elementCount } from '../../onnx/graph/element-types';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { GradientScope } from './gradient-scope';
import type { GradientRule, RuleInput } from './gradient-rule';

/** Rules of functions of one tensor, value by value, of normalizations, and of arithmetic with broadcasting. */
export const ELEMENTWISE_RULES: readonly (readonly [opType: string, rule: GradientRule])[] = [
  ['Identity', ({ gradient }) => [gradient]],
  // Straight-through: rounding counts as the identity (Bengio et al. 2013, arXiv 1308.3432).
  ['Round', ({ gradient }) => [gradient]],
  ['Cast', cast],
  ['Neg', ({ gradient, scope }) => [scope.op('Neg', [gradient])]],
  ['Relu', unary(({ y, gradient, scope }) => scope.op('Mul', [gradient, scope.op('Sign', [y])]))],
  ['LeakyRelu', leakyRelu],
  ['PRelu', pRelu],
  ['Elu', elu],
  ['Clip', unary(({ x, y, gradient, scope }) => where(scope, scope.op('Equal', [x, y]), gradient))],
  ['Sigmoid', unary(({ y, gradient, scope }) => times(scope, gradient, y, oneMinus(scope, y)))],
  ['HardSigmoid', hardSigmoid],
  ['HardSwish', hardSwish],
  ['Softplus', unary(({ x, gradient, scope }) => scope.op('Mul', [gradient, scope.op('Sigmoid', [x])]))],
  ['Tanh', unary(({ y, gradient, scope }) => times(scope, gradient, oneMinus(scope, scope.op('Mul', [y, y]))))],
  ['Exp', unary(({ y, gradient, scope }) => scope.op('Mul', [gradient, y]))],
  ['Log', unary(({ x, gradient, scope }) => scope.op('Div', [gradient, x]))],
  ['Sqrt', unary(({ y, gradient, scope }) => scope.op('Div', [gradient, scope.op('Mul', [y, scope.scalar(2)])]))],
  ['Reciprocal', unary(({ y, gradient, scope }) => scope.op('Neg', [times(scope, gradient, y, y)]))],
  ['Abs', unary(({ x, gradient, scope }) => scope.op('Mul', [gradient, scope.op('Sign', [x])]))],
  ['Erf', unary(({ x, gradient, scope }) => times(scope, gradient, bell(scope, x, -1), scope.scalar(2 / ROOT_PI)))],
  ['Pow', power],
  ['Softmax', softmax],
  ['LayerNormalization', layerNormalization],
  ['Add', broadcast(({ gradient }) => [gradient, gradient])],
  ['Sub', broadcast(({ gradient, scope }) => [gradient, scope.op('Neg', [gradient])])],
  ['Mul', mul],
  ['Div', div],
  ['Sum', ({ node, gradient, scope }) => node.input.map((name) => reducedTo(scope, gradient, node.output[0], name))],
];

const ROOT_PI = Math.sqrt(Math.PI);

interface Unary {
  readonly x: string;
  readonly y: string;
  readonly gradient: string;
  readonly scope: GradientScope;
}

function unary(rule: (parts: Unary) => string): GradientRule {
  return ({ node, gradient, scope }) => [rule({ x: node.input[0] ?? '', y: node.output[0] ?? '', gradient, scope })];
}

function times(scope: GradientScope, first: string, ...others: readonly string[]): string {
  return others.reduce((product, other) => scope.op('Mul', [product, other]), first);
}

function oneMinus(scope: GradientScope, name: string): string {
  return scope.op('Sub', [scope.scalar(1), name]);
}

/** The gradient where the condition holds, elsewhere 0 or `otherwise`. */
function where(scope: GradientScope, condition: string, gradient: string, otherwise = scope.scalar(0)): string {
  return scope.op('Where', [condition, gradient, otherwise]);
}

/** exp(factor x²) */
function bell(scope: GradientScope, x: string, factor: number): string {
  return scope.op('Exp', [times(scope, x, x, scope.scalar(factor))]);
}

function isPositive(scope: GradientScope, name: string): string {
  return scope.op('Greater', [name, scope.scalar(0)]);
}

/** Between float types only; a Cast from integers has no gradient to pass on. */
function cast({ gradient }: RuleInput): readonly string[] {
  return [gradient];
}

function leakyRelu({ node, gradient, scope }: RuleInput): readonly string[] {
  const scaled = scope.op('Mul', [gradient, scope.scalar(attrFloat(node, 'alpha', 0.01))]);
  return [where(scope, isPositive(scope, node.input[0] ?? ''), gradient, scaled)];
}

/** The slope is constant. */
function pRelu({ node, gradient, scope, isWanted }: RuleInput): readonly string[] | null {
  const [x = '', slope = ''] = node.input;
  if (isWanted(1)) return null;
  return [where(scope, isPositive(scope, x), gradient, scope.op('Mul', [gradient, slope]))];
}

/** y = alpha (exp(x) - 1) below 0, whose derivative is y + alpha. */
function elu({ node, gradient, scope }: RuleInput): readonly string[] {
  const slope = scope.op('Add', [node.output[0] ?? '', scope.scalar(attrFloat(node, 'alpha', 1))]);
  return [where(scope, isPositive(scope, node.input[0] ?? ''), gradient, scope.op('Mul', [gradient, slope]))];
}

/** y = clip(alpha x + beta, 0, 1) */
function hardSigmoid({ node, gradient, scope }: RuleInput): readonly string[] {
  const [y = ''] = node.output;
  const isInside = scope.op('And', [isPositive(scope, y), scope.op('Less', [y, scope.scalar(1)])]);
  return [where(scope, isInside, scope.op('Mul', [gradient, scope.scalar(attrFloat(node, 'alpha', 0.2))]))];
}

/** y = x clip(x / 6 + 1/2, 0, 1): the slope is x / 3 + 1/2 between -3 and 3, 0 below and 1 above. */
function hardSwish({ node, gradient, scope }: RuleInput): readonly string[] {
  const [x = ''] = node.input;
  const inner = scope.op('Add', [scope.op('Div', [x, scope.scalar(3)]), scope.scalar(0.5)]);
  const below = where(scope, scope.op('Less', [x, scope.scalar(-3)]), scope.scalar(0), inner);
  const slope = where(scope, scope.op('Greater', [x, scope.scalar(3)]), scope.scalar(1), below);
  return [scope.op('Mul', [gradient, slope])];
}

/** The exponent is a constant with one value. */
function power({ node, gradient, scope, isWanted }: RuleInput): readonly string[] | null {
  const [x = '', exponent] = node.input;
  const tensor = scope.initializer(exponent);
  if (isWanted(1) || !tensor || elementCount(tensor.dims) !== 1) return null;
  const [value = 1] = tensorAsFloat32(tensor);
  if (value === 2) return [times(scope, gradient, x, scope.scalar(2))];
  return [times(scope, gradient, scope.op('Pow', [x, scope.scalar(value - 1)]), scope.scalar(value))];
}

/** dx = y (dy - sum(y dy)) */
function softmax({ node, gradient, scope }: RuleInput): readonly string[] {
  const [y = ''] = node.output;
  const axis = attrInt(node, 'axis', -1);
  const total = scope.sum(scope.op('Mul', [gradient, y]), [axis], true);
  return [scope.op('Mul', [y, scope.op('Sub', [gradient, total])])];
}

/** With h = (x - mean) / sigma and g = dy scale: dx = (g - mean(g) - h mean(g h)) / sigma. */
function layerNormalization({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] | null {
  const [x = '', scale = '', bias] = node.input;
  const dims = scope.dimsOf(x);
  const axis = attrInt(node, 'axis', -1);
  const first = axis < 0 ? axis + dims.length : axis;
  const axes = Array.from({ length: dims.length - first }, (_, i) => first + i);
  if (isWanted(1)) return null;
  const centred = scope.op('Sub', [x, scope.mean(x, axes)]);
  const variance = scope.mean(scope.op('Mul', [centred, centred]), axes);
  const sigma = scope.op('Sqrt', [scope.op('Add', [variance, scope.scalar(attrFloat(node, 'epsilon', 1e-5))])]);
  const normalized = scope.op('Div', [centred, sigma]);
  const scaled = scope.op('Mul', [gradient, scale]);
  const along = scope.op('Mul', [normalized, scope.mean(scope.op('Mul', [scaled, normalized]), axes)]);
  const rest = scope.op('Sub', [scope.op('Sub', [scaled, scope.mean(scaled, axes)]), along]);
  const ofBias = bias !== undefined && isWanted(2) ? scope.unbroadcast(gradient, dims, scope.dimsOf(bias)) : null;
  return [scope.op('Div', [rest, sigma]), null, ofBias];
}

/** Sums a gradient over the axes along which an input was repeated. */
function reducedTo(scope: GradientScope, gradient: string, output: string | undefined, input: string): string {
  return scope.unbroadcast(gradient, scope.dimsOf(output ?? ''), scope.dimsOf(input));
}

function broadcast(rule: (input: RuleInput) => readonly [string, string]): GradientRule {
  return (input) =>
    rule(input).map((own, slot) =>
      input.isWanted(slot) ? reducedTo(input.scope, own, input.node.output[0], input.node.input[slot] ?? '') : null,
    );
}

function mul({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] {
  const [a = '', b = ''] = node.input;
  return [
    isWanted(0) ? reducedTo(scope, scope.op('Mul', [gradient, b]), node.output[0], a) : null,
    isWanted(1) ? reducedTo(scope, scope.op('Mul', [gradient, a]), node.output[0], b) : null,
  ];
}

/** d(a/b) = da / b - db y / b */
function div({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] {
  const [a = '', b = ''] = node.input;
  const [y = ''] = node.output;
  const quotient = scope.op('Div', [gradient, b]);
  return [
    isWanted(0) ? reducedTo(scope, quotient, y, a) : null,
    isWanted(1) ? reducedTo(scope, scope.op('Neg', [scope.op('Mul', [quotient, y])]), y, b) : null,
  ];
}
