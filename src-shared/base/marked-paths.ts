import * as v from 'valibot';
import { ownValue } from './records';
import { fits, type AnySchema, type Entries, type VariantOptions } from './schema';

/**
 * Paths of files and folders are marked in the schemas, so that the check of which files a request may open finds them
 * there. Because of this, a tensor that is called "path" or "labels" is not mistaken for a path, and a new field cannot
 * be missing from a list of names.
 */

/** What a path in a request is for; `project`: the folder of an existing project. */
export type PathRole = 'read' | 'write' | 'project';

const isPath = (path: string): boolean => path !== '' && !path.includes('\0');

/** The path of a file or folder that a user or another program names, see `pathsIn`. */
/* @__NO_SIDE_EFFECTS__ */
export function filePath(role: PathRole) {
  return v.pipe(v.string('a string'), v.check(isPath, 'a path'), v.metadata({ pathRole: role }));
}

/** A path below a file that another field names; it is not checked on its own. */
export const relativePath = v.pipe(v.string('a string'), v.check(isPath, 'a path'));

/** A path in a value whose schema has `filePath` at this place. */
export interface MarkedPath {
  readonly role: PathRole;
  readonly path: string;
}

/** The parts of all kinds of schemas that may contain other schemas. */
interface Parts {
  readonly type: string;
  readonly pipe?: readonly unknown[];
  readonly entries?: Entries;
  readonly values?: AnySchema;
  readonly item?: AnySchema;
  readonly wrapped?: AnySchema;
  readonly options?: unknown;
}

/** Every path in a value, found by the marks in its schema. */
export function pathsIn(schema: AnySchema, value: unknown): readonly MarkedPath[] {
  const role = pathRoleOf(schema);
  if (role !== null) return typeof value === 'string' ? [{ role, path: value }] : [];
  const { type, entries, values, item, wrapped, options, pipe = [] } = schema as Parts;
  if (wrapped !== undefined) return pathsIn(wrapped, value);
  if (type === 'union') {
    const option = (options as readonly AnySchema[]).find((candidate) => fits(candidate, value));
    return option === undefined ? [] : pathsIn(option, value);
  }
  if (typeof value !== 'object' || value === null) return [];
  const valueOf = (key: string): unknown => ownValue(value as Record<string, unknown>, key);
  if (type === 'variant') {
    const option = ownValue(options as VariantOptions, String(valueOf('kind')));
    return option === undefined ? [] : pathsIn(option, value);
  }
  if (entries !== undefined) return Object.entries(entries).flatMap(([key, entry]) => pathsIn(entry, valueOf(key)));
  if (values !== undefined) return Object.values(value).flatMap((entry) => pathsIn(values, entry));
  if (item !== undefined) return Array.isArray(value) ? value.flatMap((entry: unknown) => pathsIn(item, entry)) : [];
  // A pipe that begins with a conversion: unknown, conversion, schema of the result.
  return pipe.slice(1).flatMap((part) => (isSchema(part) ? pathsIn(part, value) : []));
}

/** The role of a schema that was made with `filePath`; null for every other schema. */
export function pathRoleOf(schema: AnySchema): PathRole | null {
  const { pipe = [] } = schema as Parts;
  const mark = pipe.find((part) => isOf(part, 'type', 'metadata'));
  return mark === undefined ? null : (mark as v.MetadataAction<string, { pathRole: PathRole }>).metadata.pathRole;
}

function isSchema(part: unknown): part is AnySchema {
  return isOf(part, 'kind', 'schema');
}

function isOf(part: unknown, key: string, name: string): boolean {
  return typeof part === 'object' && part !== null && Reflect.get(part, key) === name;
}
