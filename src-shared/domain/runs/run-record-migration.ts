import { MIN_SAMPLES } from './latency';
import { ownValue } from '../../base/records';
import { AGREEMENT } from '../tasks/measure-text';

/**
 * Parsed JSON of a record that was not checked yet. Values of unexpected form are kept, so that the schema reports
 * them.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function mapObjects(value: unknown, change: (object: JsonObject) => JsonObject): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isObject(item) ? change(item) : item)) : value;
}

/**
 * Converts version 1 to version 2. Version 1 pooled the SQNR of all outputs, recorded an agreement of detectors over
 * their rows, and recorded percentiles for any number of samples. Version 2 has the SQNR of the worst output, the
 * agreement of classifications only, and no percentile without a sample beyond it.
 */
export function migrateRunRecord1(record: JsonObject): JsonObject {
  const validation = isObject(record['validation']) ? record['validation'] : null;
  const reports = objectsOf(validation?.['variants']);
  const hasNoClasses = isDetector(reports);
  const outputsOf = new Map(reports.map((report) => [report['variant'], objectsOf(report['outputs'])]));
  const dropped = hasNoClasses ? ['agreement'] : [];
  const benchmark = isObject(record['benchmark']) ? record['benchmark'] : null;
  const rounds = typeof benchmark?.['rounds'] === 'number' ? benchmark['rounds'] : 0;
  return {
    ...record,
    table: mapObjects(record['table'], (row) => {
      const outputs = outputsOf.get(row['variant']) ?? [];
      const named = outputs.length === 0 ? {} : { outputs: outputs.map(({ name, sqnrDb }) => ({ name, sqnrDb })) };
      const fields = { ...row, ...worstSqnr(outputs), ...named, ...withoutRareRatio(row, rounds) };
      return without(
        isObject(row['latency']) ? { ...fields, latency: withoutRarePercentiles(row['latency']) } : fields,
        ...dropped,
      );
    }),
    ...(validation === null
      ? {}
      : {
          validation: {
            ...validation,
            ...(hasNoClasses ? { classCount: 0 } : {}),
            variants: mapObjects(validation['variants'], (report) =>
              without({ ...report, ...worstSqnr(objectsOf(report['outputs'])) }, ...dropped),
            ),
          },
        }),
    ...(benchmark === null
      ? {}
      : {
          benchmark: {
            ...benchmark,
            variants: mapObjects(benchmark['variants'], (entry) => ({
              ...entry,
              ...(isObject(entry['latencyMs']) ? { latencyMs: withoutRarePercentiles(entry['latencyMs']) } : {}),
              ...withoutRareRatio(entry, rounds),
            })),
          },
        }),
  };
}

/**
 * Converts version 2 to version 3. Version 2 knew top-1 and agreement only; both are measures now, and differences from
 * FP32 are stated in the unit of the measure.
 */
export function migrateRunRecord2(record: JsonObject): JsonObject {
  const validation = isObject(record['validation']) ? record['validation'] : null;
  return {
    ...record,
    table: mapObjects(record['table'], (row) => ({
      ...withMeasure(row),
      ...(isObject(row['worstGroup'])
        ? { worstGroup: { ...row['worstGroup'], measure: row['worstGroup']['top1'] }, groupMeasure: row['groupTop1'] }
        : {}),
    })),
    ...(validation === null
      ? {}
      : {
          validation: {
            ...validation,
            variants: mapObjects(validation['variants'], (report) => ({
              ...withMeasure(report),
              groups: isObject(report['groups'])
                ? Object.fromEntries(
                    Object.entries(report['groups']).map(([name, group]) => [
                      name,
                      isObject(group) && group['top1'] !== undefined ? { ...group, measure: group['top1'] } : group,
                    ]),
                  )
                : report['groups'],
            })),
          },
        }),
  };
}

/** Converts version 3 to version 4, where a gate has a state: without a value it was not judged. */
export function migrateRunRecord3(record: JsonObject): JsonObject {
  return {
    ...record,
    gates: mapObjects(record['gates'], (gate) => ({
      ...gate,
      state: gate['value'] === null ? 'unjudged' : gate['met'] === true ? 'met' : 'missed',
    })),
  };
}

function withMeasure(entry: JsonObject): JsonObject {
  const { top1, agreement, comparedToFp32 } = entry;
  const measure = (name: string, value: number): JsonObject => ({ name, value, higherIsBetter: true });
  return {
    ...entry,
    ...(typeof top1 === 'number'
      ? { measure: measure('top-1', top1) }
      : typeof agreement === 'number'
        ? { measure: measure(AGREEMENT, agreement), againstFp32: true }
        : {}),
    ...(isObject(comparedToFp32)
      ? {
          difference: {
            value: comparedToFp32['top1Difference'],
            interval95: comparedToFp32['interval95'],
            p: comparedToFp32['mcnemarP'],
            ...(comparedToFp32['fewImages'] === undefined ? {} : { fewImages: comparedToFp32['fewImages'] }),
          },
        }
      : {}),
  };
}

/**
 * Whether the model is a detector. Every changed answer of a classifier is listed as a confusion; if answers changed
 * but none is listed, the rows of a detector were counted.
 */
function isDetector(reports: readonly JsonObject[]): boolean {
  const hasAnswers = (report: JsonObject): boolean =>
    report['top1'] !== undefined ||
    ['classes', 'confusions', 'worstImages'].some((key) => {
      const list = ownValue(report, key);
      return Array.isArray(list) && list.length > 0;
    }) ||
    (isObject(report['groups']) && Object.keys(report['groups']).length > 0);
  const differs = (report: JsonObject): boolean => typeof report['agreement'] === 'number' && report['agreement'] < 100;
  return !reports.some(hasAnswers) && reports.some(differs);
}

function worstSqnr(outputs: readonly JsonObject[]): JsonObject {
  const values = outputs.flatMap(({ sqnrDb }) => (typeof sqnrDb === 'number' ? [sqnrDb] : []));
  return values.length === 0 ? {} : { outputSqnrDb: Math.min(...values) };
}

function withoutRarePercentiles(latency: JsonObject): JsonObject {
  const samples = typeof latency['samples'] === 'number' ? latency['samples'] : 0;
  return without(latency, ...Object.entries(MIN_SAMPLES).flatMap(([name, least]) => (samples < least ? [name] : [])));
}

function withoutRareRatio(entry: JsonObject, rounds: number): JsonObject {
  const ratio = entry['ratioToFp32'];
  return isObject(ratio) && rounds < MIN_SAMPLES.p90 ? { ratioToFp32: without(ratio, 'p10', 'p90') } : {};
}
