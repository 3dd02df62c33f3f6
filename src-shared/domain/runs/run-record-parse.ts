import { parse, SchemaError } from '../../base/schema';
import { RUN_RECORD_VERSION, runRecordSchema, type RunRecord } from './run-record';
import { migrateRunRecord1, migrateRunRecord2, migrateRunRecord3, type JsonObject } from './run-record-migration';

/** Steps from an older version to the next one, by the version they start from. Version 1 is the first. */
const MIGRATIONS: Readonly<Record<number, (record: JsonObject) => JsonObject>> = {
  1: migrateRunRecord1,
  2: migrateRunRecord2,
  3: migrateRunRecord3,
};

export type ParsedRunRecord =
  | { readonly state: 'ok'; readonly record: RunRecord }
  /** `problem` completes the sentence "FILE: ...". */
  | { readonly state: 'invalid'; readonly problem: string }
  | { readonly state: 'newer'; readonly version: number };

/** Reads parsed JSON as a run record of this version or an older one. */
export function parseRunRecord(json: unknown): ParsedRunRecord {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { state: 'invalid', problem: 'expected a JSON object' };
  let current: JsonObject = { ...json };
  let version = current['version'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    return {
      state: 'invalid',
      problem: `expected a version of at least 1, found ${JSON.stringify(version) ?? 'none'}`,
    };
  }
  if (version > RUN_RECORD_VERSION) return { state: 'newer', version };
  for (; version < RUN_RECORD_VERSION; version += 1) {
    const migrate = MIGRATIONS[version];
    if (migrate === undefined) return { state: 'invalid', problem: `version ${version} can no longer be read` };
    current = { ...migrate(current), version: version + 1 };
  }
  try {
    return { state: 'ok', record: parse(runRecordSchema, current) };
  } catch (error) {
    if (error instanceof SchemaError) return { state: 'invalid', problem: error.message };
    throw error;
  }
}
