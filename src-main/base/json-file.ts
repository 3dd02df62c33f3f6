import { readFileSync } from 'node:fs';
import { parse, type AnySchema, type InferOutput } from '../../src-shared/base/schema';

/**
 * Reads a JSON file that can be computed again. Returns null if the file does not exist, cannot be read, is damaged, or
 * does not fit the schema (for example because another version wrote it).
 */
export function readStoredJson<S extends AnySchema>(path: string, schema: S): InferOutput<S> | null {
  try {
    return parseStoredJson(readFileSync(path, 'utf8'), schema);
  } catch {
    return null;
  }
}

/** Like the function above, for a text that was already read. */
export function parseStoredJson<S extends AnySchema>(text: string, schema: S): InferOutput<S> | null {
  try {
    return parse(schema, JSON.parse(text));
  } catch {
    return null;
  }
}
