import { readFileSync } from 'node:fs';
import { parse, type AnySchema, type InferOutput } from '../../src-shared/base/schema';

/**
 * JSON of a file that is made again when it cannot be used: null when the file is absent, unreadable or damaged, or
 * does not fit the schema (for example because another version wrote it).
 */
export function readStoredJson<S extends AnySchema>(path: string, schema: S): InferOutput<S> | null {
  try {
    return parseStoredJson(readFileSync(path, 'utf8'), schema);
  } catch {
    return null;
  }
}

/** The same for a text that was already read. */
export function parseStoredJson<S extends AnySchema>(text: string, schema: S): InferOutput<S> | null {
  try {
    return parse(schema, JSON.parse(text));
  } catch {
    return null;
  }
}
