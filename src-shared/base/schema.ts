import * as v from 'valibot';
import { ownValue, setOwnValue } from './records';

/**
 * Schemas of data from outside: requests, files, messages. They are valibot schemas, from which both the type
 * (`InferOutput`) and the check (`parse`) are derived. The message of every schema names what it expects ("a number of
 * at least 0"), so that every failure can be reported as one sentence: "expected a number of at least 0 at
 * gates.maxTop1Drop, found -1".
 *
 * Objects, records and variants are implemented here instead of taken from valibot, because
 * - they read own properties only, and valibot's record drops the keys `__proto__`, `constructor` and `prototype`,
 *   which may be names of tensors;
 * - a field that is `undefined` counts as absent, as it does in JSON;
 * - a missing field is reported with what its own schema expects.
 * Fields that a schema does not name are dropped.
 */
export type Schema<Output = unknown> = v.GenericSchema<unknown, Output>;
export type { InferOutput } from 'valibot';

export type AnySchema = v.GenericSchema;
type Issue = v.BaseIssue<unknown>;
type Issues = [Issue, ...Issue[]];
type Dataset = v.OutputDataset<unknown, Issue>;
type Config = v.Config<Issue>;
export type Entries = Readonly<Record<string, AnySchema>>;

type IsOptional<S> = S extends { readonly type: 'exact_optional' } ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };
export type ObjectOutput<E extends Entries> = Flat<
  { readonly [K in keyof E as IsOptional<E[K]> extends true ? never : K]: v.InferOutput<E[K]> } & {
    readonly [K in keyof E as IsOptional<E[K]> extends true ? K : never]?: v.InferOutput<E[K]>;
  }
>;

interface StructureSchema<Type extends string, Output> extends v.BaseSchema<unknown, Output, Issue> {
  readonly type: Type;
  readonly message: string;
}
export interface ObjectSchema<E extends Entries> extends StructureSchema<'object', ObjectOutput<E>> {
  readonly entries: E;
}
export interface RecordSchema<S extends AnySchema> extends StructureSchema<
  'record',
  Readonly<Record<string, v.InferOutput<S>>>
> {
  readonly values: S;
}
export type VariantOptions = Readonly<Record<string, ObjectSchema<Entries>>>;
export interface VariantSchema<O extends VariantOptions> extends StructureSchema<
  'variant',
  { readonly [K in keyof O]: v.InferOutput<O[K]> }[keyof O]
> {
  readonly options: O;
}

export const string = v.string('a string');
/** A string that is not empty. */
export const text = v.pipe(v.string('a text'), v.nonEmpty('a text'));
export const boolean = v.boolean('true or false');
/** A finite number. */
export const number = v.custom<number>(Number.isFinite, 'a number');
export const integer = v.pipe(v.number('an integer'), v.safeInteger('an integer'));
/** An integer of at least 0. */
export const count = integerFrom(0);
/** An integer of at least 1. */
export const positiveInteger = integerFrom(1);
export const unknown = v.unknown();
/** A number of a stored result. JSON stores NaN and infinity as null, which is read as NaN. */
export const measured = v.pipe(
  v.nullable(v.number('a number')),
  v.transform((value) => value ?? Number.NaN),
);

/* @__NO_SIDE_EFFECTS__ */
function integerFrom(least: number) {
  const expected = `an integer of at least ${least}`;
  return v.pipe(v.number(expected), v.safeInteger(expected), v.minValue(least, expected));
}

/** Exactly one of the given values. */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const T extends readonly (string | number)[]>(...allowed: T) {
  return v.picklist(allowed, allowed.map((value) => JSON.stringify(value)).join(' or '));
}

/** The value `true`; the field is omitted instead of being false. */
export const yes = v.literal(true, 'true');

/* @__NO_SIDE_EFFECTS__ */
export function nullable<S extends AnySchema>(schema: S) {
  return v.nullable(schema);
}

/** A field that may be absent. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<S extends AnySchema>(schema: S) {
  return v.exactOptional(schema);
}

/** An array of any length. */
/* @__NO_SIDE_EFFECTS__ */
export function list<S extends AnySchema>(item: S) {
  return v.pipe(v.array(item, 'an array'), v.readonly());
}

/** A value that one function checks as a whole: for long arrays, where a check of each element takes too long. */
/* @__NO_SIDE_EFFECTS__ */
export function checked<T>(expected: string, isValid: (value: unknown) => value is T) {
  return v.custom<T>(isValid, expected);
}

/** An array of strings, which may be long: the names of all images of a set, for example. */
export const strings = checked(
  'an array of strings',
  (value): value is readonly string[] => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
);

/** An array of two values. */
/* @__NO_SIDE_EFFECTS__ */
export function pair<A extends AnySchema, B extends AnySchema>(first: A, second: B) {
  return v.pipe(v.strictTuple([first, second], 'an array of two values'), v.readonly());
}

/** One of several schemas; `expected` describes them in words. */
/* @__NO_SIDE_EFFECTS__ */
export function either<const O extends readonly AnySchema[]>(expected: string, ...options: O) {
  return v.union(options, expected);
}

/** A schema with a condition on its value; `expected` says the condition in words. */
/* @__NO_SIDE_EFFECTS__ */
export function where<S extends AnySchema>(
  schema: S,
  expected: string,
  isAllowed: (value: v.InferOutput<S>) => boolean,
) {
  return v.pipe(schema, v.check(isAllowed, expected));
}

/** A value that is converted first and then checked, for files of an older form. `convert` must accept any value. */
/* @__NO_SIDE_EFFECTS__ */
export function converted<S extends AnySchema>(convert: (value: unknown) => unknown, schema: S) {
  return v.pipe(v.unknown(), v.transform(convert), schema);
}

/** A value that is converted after its check, for example to a branded type. */
/* @__NO_SIDE_EFFECTS__ */
export function mapped<S extends AnySchema, T>(schema: S, convert: (value: v.InferOutput<S>) => T) {
  return v.pipe(schema, v.transform(convert));
}

/** A finite number with a condition; `expected` says the condition in words. */
/* @__NO_SIDE_EFFECTS__ */
export function numberWhere(expected: string, isAllowed: (value: number) => boolean) {
  return where(number, expected, isAllowed);
}

/** An object with these fields; fields made with `optional` may be absent. */
/* @__NO_SIDE_EFFECTS__ */
export function object<const E extends Entries>(entries: E): ObjectSchema<E> {
  const fields = Object.entries(entries);
  return structure<ObjectSchema<E>>(
    object,
    { type: 'object', message: 'an object', entries },
    (input: object, config, addIssues) => {
      const output: Record<string, unknown> = {};
      for (const [key, schema] of fields) {
        const value: unknown = ownValue(input as Record<string, unknown>, key);
        if (value === undefined && schema.type === 'exact_optional') continue;
        const field = schema['~run']({ value }, config);
        if (field.issues && addIssues(field.issues, key, value)) break;
        setOwnValue(output, key, field.value);
      }
      return output;
    },
  );
}

/** The same object with every field optional. */
/* @__NO_SIDE_EFFECTS__ */
export function partial<const E extends Entries>(entries: E) {
  return object(
    Object.fromEntries(
      Object.entries(entries).map(([key, schema]) => [
        key,
        schema.type === 'exact_optional' ? schema : v.exactOptional(schema),
      ]),
    ) as {
      readonly [K in keyof E]: IsOptional<E[K]> extends true ? E[K] : v.ExactOptionalSchema<E[K], undefined>;
    },
  );
}

/** Names that users choose (tensors, layers, groups) with a value each; any key is allowed. */
/* @__NO_SIDE_EFFECTS__ */
export function record<S extends AnySchema>(values: S): RecordSchema<S> {
  return structure<RecordSchema<S>>(
    record,
    { type: 'record', message: 'an object', values },
    (input: object, config, addIssues) => {
      const output: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(input)) {
        const entry = values['~run']({ value }, config);
        if (entry.issues && addIssues(entry.issues, key, value)) break;
        setOwnValue(output, key, entry.value);
      }
      return output;
    },
  );
}

/** One of several objects, chosen by the field `kind`, so that a failure speaks of that kind only. */
/* @__NO_SIDE_EFFECTS__ */
export function variant<const O extends VariantOptions>(options: O): VariantSchema<O> {
  const expected = Object.keys(options).join(' or ');
  return structure<VariantSchema<O>>(
    variant,
    { type: 'variant', message: 'an object', options },
    (input: object, config, addIssues, dataset) => {
      const kind: unknown = ownValue(input as Record<string, unknown>, 'kind');
      const option = typeof kind === 'string' ? ownValue(options, kind) : undefined;
      if (option !== undefined) {
        const chosen = option['~run']({ value: input }, config);
        if (chosen.issues) dataset.issues = chosen.issues;
        return chosen.value;
      }
      const issue = v.safeParse(
        v.custom(() => false, expected),
        kind,
        config,
      ).issues;
      if (issue) addIssues(issue, 'kind', kind);
      return input;
    },
  );
}

interface MutableDataset {
  value: unknown;
  typed?: boolean;
  issues?: Issues;
}

/** Adds the failures of a field to those of its object. @returns whether the check of the object ends here */
type AddIssues = (issues: readonly Issue[], key: string, value: unknown) => boolean;

/** A schema of plain objects in the form that valibot's own functions expect. */
function structure<S extends StructureSchema<string, unknown>>(
  reference: (...args: never[]) => unknown,
  fields: Pick<S, 'type' | 'message'> & Partial<S>,
  run: (input: object, config: Config, addIssues: AddIssues, dataset: MutableDataset) => unknown,
): S {
  const schema = {
    kind: 'schema',
    reference,
    expects: 'Object',
    async: false,
    ...fields,
    '~run'(dataset: MutableDataset, config: Config): Dataset {
      const input = dataset.value;
      if (typeof input !== 'object' || input === null || Array.isArray(input)) {
        v._addIssue(this as never, 'type', dataset, config);
        return dataset;
      }
      const addIssues: AddIssues = (issues, key, value) => {
        for (const issue of issues)
          (issue as { path?: unknown }).path = [
            { type: 'object', origin: 'value', input, key, value },
            ...(issue.path ?? []),
          ];
        dataset.issues = [...(dataset.issues ?? []), ...issues] as Issues;
        return config.abortEarly === true;
      };
      dataset.value = run(input, config, addIssues, dataset);
      dataset.typed = dataset.issues === undefined;
      return dataset;
    },
  };
  return v._standardSchema(schema as never);
}

/** The reason why a value does not fit a schema: `expected EXPECTED at FIELD, found FOUND`. */
export class SchemaError extends Error {
  constructor(expected: string, path: string, found: unknown) {
    super(`expected ${expected} at ${path === '' ? 'the top level' : path}, found ${describe(found)}`);
    this.name = 'SchemaError';
  }
}

/** The value, checked and reduced to the schema's fields. @throws SchemaError for the first field that does not fit */
export function parse<S extends AnySchema>(schema: S, value: unknown): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true });
  if (success) return output;
  const [{ message, path, input }] = issues;
  throw new SchemaError(message, dotPath(path ?? []), input);
}

/** Whether a value fits a schema. */
export function fits(schema: AnySchema, value: unknown): boolean {
  return v.is(schema, value);
}

/** A path as text: `preprocessing.mean[1]`. */
function dotPath(path: readonly v.IssuePathItem[]): string {
  return path
    .map(({ key }, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const written = JSON.stringify(value) ?? typeof value;
  return written.length > 60 ? `${written.slice(0, 57)}...` : written;
}
