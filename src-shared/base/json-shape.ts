import { ownValue, setOwnValue } from './records';
/**
 * Guards for JSON that comes from a file: a shape takes an unknown value and returns it typed, or throws a ShapeError that
 * names the place, what was expected and what was found. Fields that a shape does not name are left out of the result.
 */
export type Shape<T> = (value: unknown, path: string) => T;

export class ShapeError extends Error {
  constructor(path: string, expected: string, found: unknown) {
    super(`expected ${expected} at ${path === '' ? 'the top level' : path}, found ${describe(found)}`);
    this.name = 'ShapeError';
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export const string: Shape<string> = (value, path) => {
  if (typeof value !== 'string') throw new ShapeError(path, 'a string', value);
  return value;
};

/** A finite number. */
export const number: Shape<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(path, 'a number', value);
  return value;
};

/** An integer >= 0. */
export const count: Shape<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new ShapeError(path, 'an integer of at least 0', value);
  return value;
};

export const integer: Shape<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new ShapeError(path, 'an integer', value);
  return value;
};

export const boolean: Shape<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new ShapeError(path, 'true or false', value);
  return value;
};

/** Exactly one of the given values. */
export function oneOf<const T extends string | number | boolean>(...allowed: readonly T[]): Shape<T> {
  return (value, path) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined)
      throw new ShapeError(path, allowed.map((entry) => JSON.stringify(entry)).join(' or '), value);
    return found;
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function arrayOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(path, 'an array', value);
    return value.map((entry: unknown, index) => shape(entry, `${path}[${index}]`));
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isObject(value)) throw new ShapeError(path, 'an object', value);
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shape(entry, `${path}.${key}`)]));
  };
}

export function union<T>(...shapes: readonly Shape<T>[]): Shape<T> {
  return (value, path) => {
    let last: unknown = new ShapeError(path, 'a known form', value);
    for (const shape of shapes) {
      try {
        return shape(value, path);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  };
}

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
type RequiredShapes<T> = { readonly [K in Exclude<keyof T, OptionalKeys<T>>]: Shape<T[K]> };
type OptionalShapes<T> = { readonly [K in OptionalKeys<T>]-?: Shape<Exclude<T[K], undefined>> };

/** An object of type T: every required key, and every optional key that is there. The compiler checks that no key is forgotten. */
export function objectOf<T extends object>(required: RequiredShapes<T>, optional: OptionalShapes<T>): Shape<T> {
  const requiredShapes = Object.entries<Shape<unknown>>(required);
  const optionalShapes = Object.entries<Shape<unknown>>(optional);
  return (value, path) => {
    if (!isObject(value)) throw new ShapeError(path, 'an object', value);
    const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
    const parsed: Record<string, unknown> = {};
    for (const [key, shape] of requiredShapes) setOwnValue(parsed, key, shape(ownValue(value, key), at(key)));
    for (const [key, shape] of optionalShapes)
      if (ownValue(value, key) !== undefined) setOwnValue(parsed, key, shape(ownValue(value, key), at(key)));
    return parsed as T;
  };
}

/** A shape with a condition on the value; `expected` says it in words. */
export function where<T>(shape: Shape<T>, expected: string, isAllowed: (value: T) => boolean): Shape<T> {
  return (value, path) => {
    const parsed = shape(value, path);
    if (!isAllowed(parsed)) throw new ShapeError(path, expected, value);
    return parsed;
  };
}

/** One of several object shapes, chosen by the `kind` that the value itself names, so that errors speak of that kind only. */
export function byKind<T extends { readonly kind: string }>(kinds: {
  readonly [K in T['kind']]: Shape<Extract<T, { readonly kind: K }>>;
}): Shape<T> {
  const shapes = kinds as Readonly<Record<string, Shape<T>>>;
  return (value, path) => {
    const kind: unknown = isObject(value) ? value['kind'] : undefined;
    const shape = typeof kind === 'string' ? ownValue(shapes, kind) : undefined;
    if (shape === undefined)
      throw new ShapeError(path === '' ? 'kind' : `${path}.kind`, Object.keys(shapes).join(' or '), kind);
    return shape(value, path);
  };
}
