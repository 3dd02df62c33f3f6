import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  boolean,
  checked,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  unknown,
  variant,
} from '../../../src-shared/base/schema';
import type { MatchedImage } from '../../../src-shared/domain/measures/detection-matching';
import type { TaskRecord } from '../../../src-shared/domain/measures/task-records';
import type { RegionCounts } from '../../../src-shared/domain/tasks/answer';
import { parseStoredJson } from '../../base/json-file';

/** The records of one trial are a few kilobytes; a text that unpacks to more than this is damaged. */
const MAX_BYTES = 2 ** 28;

/** A trial has tens of thousands of these numbers, too many for a schema of each. */
const integers = checked(
  'a list of integers',
  (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(Number.isSafeInteger),
);
const matchedSchema = object({
  classes: integers,
  /** The bits of each float32. */
  scores: integers,
  flags: integers,
  truthClasses: integers,
  truthCounts: integers,
});
const regionsSchema = object({ intersection: integers, predicted: integers, truth: integers });
const recordSchema = variant({
  detection: object({
    kind: oneOf('detection'),
    toTruth: nullable(matchedSchema),
    toFp32: matchedSchema,
    candidates: optional(object({ signal: number, noise: number })),
  }),
  segmentation: object({ kind: oneOf('segmentation'), toTruth: nullable(regionsSchema), toFp32: regionsSchema }),
  embedding: object({ kind: oneOf('embedding'), cosine: nullable(number), isNearest: nullable(boolean) }),
  // JSON has no undefined: an image that does not count has no record.
  custom: object({ kind: oneOf('custom'), record: optional(unknown) }),
});
const recordsSchema = list(nullable(recordSchema));
type StoredMatch = InferOutput<typeof matchedSchema>;
type StoredRegions = InferOutput<typeof regionsSchema>;

/** Packs the records of one trial into one line of text: deflated JSON in base64. */
export function packRecords(records: readonly (TaskRecord | null)[]): string {
  const stored = records.map((own) => {
    switch (own?.kind) {
      case undefined:
        return null;
      case 'detection':
        return { ...own, toTruth: own.toTruth && storedMatch(own.toTruth), toFp32: storedMatch(own.toFp32) };
      case 'segmentation':
        return { ...own, toTruth: own.toTruth && storedRegions(own.toTruth), toFp32: storedRegions(own.toFp32) };
      case 'embedding':
      case 'custom':
        return own;
    }
  });
  return deflateRawSync(JSON.stringify(stored)).toString('base64');
}

/** @returns null for a text that is not one that packRecords made */
export function unpackRecords(text: string): (TaskRecord | null)[] | null {
  let json: string;
  try {
    json = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_BYTES }).toString();
  } catch {
    return null;
  }
  return (
    parseStoredJson(json, recordsSchema)?.map((own): TaskRecord | null => {
      switch (own?.kind) {
        case undefined:
          return null;
        case 'detection':
          return { ...own, toTruth: own.toTruth && matchOf(own.toTruth), toFp32: matchOf(own.toFp32) };
        case 'segmentation':
          return { ...own, toTruth: own.toTruth && regionsOf(own.toTruth), toFp32: regionsOf(own.toFp32) };
        case 'embedding':
          return own;
        case 'custom':
          return { kind: 'custom', record: own.record };
      }
    }) ?? null
  );
}

function storedMatch({ classes, scores, flags, truthClasses, truthCounts }: MatchedImage): StoredMatch {
  return {
    classes: [...classes],
    scores: [...new Uint32Array(Float32Array.from(scores).buffer)],
    flags: [...flags],
    truthClasses: [...truthClasses],
    truthCounts: [...truthCounts],
  };
}

function matchOf({ classes, scores, flags, truthClasses, truthCounts }: StoredMatch): MatchedImage {
  return {
    classes: Int32Array.from(classes),
    scores: new Float32Array(Uint32Array.from(scores).buffer),
    flags: Uint32Array.from(flags),
    truthClasses: Int32Array.from(truthClasses),
    truthCounts: Uint32Array.from(truthCounts),
  };
}

function storedRegions({ intersection, predicted, truth }: RegionCounts): StoredRegions {
  return { intersection: [...intersection], predicted: [...predicted], truth: [...truth] };
}

function regionsOf({ intersection, predicted, truth }: StoredRegions): RegionCounts {
  return {
    intersection: Uint32Array.from(intersection),
    predicted: Uint32Array.from(predicted),
    truth: Uint32Array.from(truth),
  };
}
