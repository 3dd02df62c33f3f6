import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  either,
  integer,
  list,
  mapped,
  nullable,
  number,
  object,
  oneOf,
  optional,
  parse,
  SchemaError,
  string,
  unknown,
  variant,
  where,
} from '../../../src-shared/base/schema';
import type { RegionCounts, TaskAnswer } from '../../../src-shared/domain/tasks/answer';
import type { ImageAnswer } from '../../analysis/variant-evaluator';

/**
 * The answers of all variants to some images, as text: a line with the format, then one JSON line per image. Floats of
 * arrays are stored as their bytes, other numbers as the shortest text that gives the same double, so that a measure of
 * these answers is the same as if they had not been stored.
 */
const FORMAT = 'calib-evaluation';
const VERSION = 1;

const formatSchema = object({ format: oneOf(FORMAT), version: oneOf(VERSION) });

/** What is known about one image: an answer per variant, or why the image could not be used. */
export type ImageRecord =
  | { readonly id: string; readonly answers: readonly ImageAnswer[] }
  | { readonly id: string; readonly reason: string };

type Bytes = Float32Array | Int32Array | Uint32Array;

/** JSON has no NaN and no infinity. */
const real = mapped(either('a number', number, oneOf('NaN', 'Infinity', '-Infinity')), Number);
const words = where(string, '4-byte numbers in base64', (text) => {
  const own = Buffer.from(text, 'base64');
  return own.length % 4 === 0 && own.toString('base64') === text;
});
const bytes = mapped(words, (text) => Uint8Array.from(Buffer.from(text, 'base64')));
const float32 = mapped(bytes, (own) => new Float32Array(own.buffer, 0, own.byteLength >> 2));
const int32 = mapped(bytes, (own) => new Int32Array(own.buffer, 0, own.byteLength >> 2));
const uint32 = mapped(bytes, (own) => new Uint32Array(own.buffer, 0, own.byteLength >> 2));
const regions = where(
  object({ intersection: uint32, predicted: uint32, truth: uint32 }),
  'counts of the same classes',
  ({ intersection, predicted, truth }) => predicted.length === intersection.length && truth.length === predicted.length,
);
const detections = where(
  object({ boxes: float32, scores: float32, classes: int32 }),
  'four coordinates, a score and a class of every box',
  ({ boxes, scores, classes }) => boxes.length === 4 * scores.length && classes.length === scores.length,
);
const answerSchema = variant({
  classification: object({ kind: oneOf('classification'), top5: list(integer), score: real, classCount: integer }),
  detection: object({ kind: oneOf('detection'), detections }),
  segmentation: object({ kind: oneOf('segmentation'), toTruth: nullable(regions), toFp32: regions }),
  embedding: object({ kind: oneOf('embedding'), vector: float32 }),
  custom: object({ kind: oneOf('custom'), record: optional(unknown) }),
});
const imageSchema = object({
  id: string,
  reason: optional(string),
  answers: optional(
    list(
      object({
        answer: nullable(answerSchema),
        outputs: list(object({ name: string, signal: real, noise: real, energy: real, dot: real })),
      }),
    ),
  ),
});

/** @param records in a defined order, so that equal records give equal bytes */
export function encodeEvaluation(records: readonly ImageRecord[]): Uint8Array {
  const lines = records.map((record) =>
    JSON.stringify(
      'reason' in record
        ? record
        : {
            id: record.id,
            answers: record.answers.map(({ answer, outputs }) => ({
              answer: answer && storedAnswer(answer),
              outputs: outputs.map((output) => ({
                name: output.name,
                signal: storedReal(output.signal),
                noise: storedReal(output.noise),
                energy: storedReal(output.energy),
                dot: storedReal(output.dot),
              })),
            })),
          },
    ),
  );
  return Buffer.from([JSON.stringify({ format: FORMAT, version: VERSION }), ...lines, ''].join('\n'));
}

/** @throws WorkbenchError calibration-mismatch, with `path`, if the bytes are not of this format */
export function decodeEvaluation(content: Uint8Array, path: string): ImageRecord[] {
  const [first = '', ...lines] = Buffer.from(content).toString('utf8').trimEnd().split('\n');
  try {
    parse(formatSchema, JSON.parse(first));
    return lines.map((line) => recordOf(JSON.parse(line)));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof SchemaError)) throw error;
    throw new WorkbenchError('calibration-mismatch', `Expected answers to images in ${path}: ${error.message}`, {
      hint: advise('repeat-shard'),
    });
  }
}

function recordOf(value: unknown): ImageRecord {
  const { id, reason, answers } = parse(imageSchema, value);
  if (answers === undefined) return { id, reason: reason ?? 'no result' };
  return {
    id,
    answers: answers.map(({ answer, outputs }) => ({
      // An image that does not count for a user's own metric has no record.
      answer: answer?.kind === 'custom' ? { kind: 'custom', record: answer.record } : answer,
      outputs,
    })),
  };
}

function storedReal(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function storedBytes(values: Bytes): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function storedRegions({ intersection, predicted, truth }: RegionCounts): object {
  return { intersection: storedBytes(intersection), predicted: storedBytes(predicted), truth: storedBytes(truth) };
}

function storedAnswer(answer: TaskAnswer): object {
  switch (answer.kind) {
    case 'classification':
      return { ...answer, score: storedReal(answer.score) };
    case 'detection': {
      const { boxes, scores, classes } = answer.detections;
      return {
        kind: answer.kind,
        detections: { boxes: storedBytes(boxes), scores: storedBytes(scores), classes: storedBytes(classes) },
      };
    }
    case 'segmentation':
      return {
        kind: answer.kind,
        toTruth: answer.toTruth && storedRegions(answer.toTruth),
        toFp32: storedRegions(answer.toFp32),
      };
    case 'embedding':
      return { kind: answer.kind, vector: storedBytes(answer.vector) };
    case 'custom':
      return answer;
  }
}
