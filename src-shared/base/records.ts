/**
 * Access to records whose keys are names that users choose: tensors, layers, groups, classes, files. Names such as
 * `toString` and `__proto__` are properties of every ordinary object, so that a plain `record[name]` finds values that
 * were never stored, and a plain assignment to `__proto__` stores nothing. For frequent lookups, use a Map; the lint
 * rule `own-names` refuses computed access to records everywhere else.
 */

/** The own value of a record under a name; undefined if the record has none, or if there is no record. */
export function ownValue<T>(record: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined {
  return record !== null && record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Stores a value under any name. */
export function setOwnValue<T>(record: Record<string, T>, name: string, value: T): void {
  // For any other name, a plain assignment stores an own property and is much faster.
  if (name !== '__proto__') record[name] = value;
  else Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
}
