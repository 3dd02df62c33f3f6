import type { Attribute, AttributeValue, Node } from './model';

const utf8 = new TextDecoder();

/** The value of the attribute, if it exists and has this kind. */
export function attrValue<K extends AttributeValue['kind']>(
  node: Node,
  name: string,
  kind: K,
): Extract<AttributeValue, { kind: K }> | undefined {
  const value = node.attribute.find((attribute) => attribute.name === name)?.value;
  return value !== undefined && isKind(value, kind) ? value : undefined;
}

function isKind<K extends AttributeValue['kind']>(
  value: AttributeValue,
  kind: K,
): value is Extract<AttributeValue, { kind: K }> {
  return value.kind === kind;
}

export function hasAttr(node: Node, name: string): boolean {
  return node.attribute.some((attribute) => attribute.name === name);
}

/** An integer attribute; beyond 2^53 it is rounded. */
export function attrInt<D>(node: Node, name: string, fallback: D): number | D {
  const found = attrValue(node, name, 'int');
  return found === undefined ? fallback : Number(found.value);
}

export function attrInts<D>(node: Node, name: string, fallback: D): readonly number[] | D {
  const found = attrValue(node, name, 'ints');
  return found === undefined ? fallback : found.value.map(Number);
}

export function attrFloat<D>(node: Node, name: string, fallback: D): number | D {
  const found = attrValue(node, name, 'float');
  return found === undefined ? fallback : found.value;
}

export function attrString<D>(node: Node, name: string, fallback: D): string | D {
  const found = attrValue(node, name, 'string');
  return found === undefined ? fallback : utf8.decode(found.value);
}

/** The node's attributes without those of the given names, and with `added` at the end. */
export function withAttributes(
  node: Node,
  remove: readonly string[],
  added: readonly Attribute[] = [],
): readonly Attribute[] {
  return [...node.attribute.filter((attribute) => !remove.includes(attribute.name)), ...added];
}
