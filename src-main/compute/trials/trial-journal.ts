import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checked, count, object, optional, string, type InferOutput } from '../../../src-shared/base/schema';
import type { Trial, TrialAnswer } from '../../analysis/trials';
import { writeError } from '../../base/file-errors';
import { parseStoredJson } from '../../base/json-file';
import { packRecords, unpackRecords } from './record-codec';

const entrySchema = object({
  key: string,
  answers: checked('an array of answers', isAnswers),
  /** The records of the task, see packRecords; omitted for classifications. */
  records: optional(object({ version: count, packed: string })),
});
/** Version of packed records; entries with another one are measured again. */
const RECORDS_VERSION = 2;
type Entry = InferOutput<typeof entrySchema>;

/** For one image the noise of every output (null: infinite) and the top-1 class. */
type StoredAnswer = readonly [noise: readonly (number | null)[], top1: number];

function isAnswers(value: unknown): value is readonly StoredAnswer[] {
  return Array.isArray(value) && value.every(isAnswer);
}

function isAnswer(value: unknown): value is StoredAnswer {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [noise, top1] = value as readonly unknown[];
  return (
    typeof top1 === 'number' &&
    Array.isArray(noise) &&
    noise.every((entry) => entry === null || typeof entry === 'number')
  );
}

/**
 * The answers of trials, one JSON line each: an interrupted analysis continues where it stopped and reaches the same
 * result. The file belongs to one model, target, preprocessing and set of images.
 */
export class TrialJournal {
  private readonly known = new Map<string, readonly TrialAnswer[]>();

  constructor(private readonly path: string) {
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const entry = parseEntry(line);
      const answers = entry && answersOf(entry);
      if (answers) this.known.set(entry.key, answers);
    }
  }

  get(trial: Trial, images: readonly string[]): readonly TrialAnswer[] | undefined {
    return this.known.get(keyOf(trial, images));
  }

  /** @throws WorkbenchError unwritable, disk-full */
  put(trial: Trial, images: readonly string[], answers: readonly TrialAnswer[]): void {
    const key = keyOf(trial, images);
    this.known.set(key, answers);
    const stored = answers.map(({ noise, top1 }): StoredAnswer => [
      noise.map((value) => (Number.isFinite(value) ? value : null)),
      top1,
    ]);
    const records = answers.map(({ record }) => record ?? null);
    const hasRecords = records.some((record) => record !== null);
    const entry: Entry = {
      key,
      answers: stored,
      ...(hasRecords ? { records: { version: RECORDS_VERSION, packed: packRecords(records) } } : {}),
    };
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      // The leading line break separates this line from an incomplete one that a killed process left.
      appendFileSync(this.path, `\n${JSON.stringify(entry)}`);
    } catch (error) {
      throw writeError(error, this.path);
    }
  }
}

/** null if the records are of another version or damaged. */
function answersOf({ answers, records }: Entry): TrialAnswer[] | null {
  const unpacked =
    records === undefined ? [] : records.version === RECORDS_VERSION ? unpackRecords(records.packed) : null;
  if (unpacked === null) return null;
  return answers.map(([noise, top1], i): TrialAnswer => {
    const record = unpacked[i] ?? null;
    return {
      noise: noise.map((value) => value ?? Number.POSITIVE_INFINITY),
      top1,
      ...(record === null ? {} : { record }),
    };
  });
}

function keyOf(trial: Trial, images: readonly string[]): string {
  const sorted = (record: Readonly<Record<string, unknown>>): unknown =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const { layers, ...policy } = trial.plan;
  const identity = [
    sorted(layers),
    sorted(policy),
    sorted(trial.thresholds),
    images,
    ...(trial.biases ? [trial.biases] : []),
    ...(trial.roundings ? [{ roundings: trial.roundings }] : []),
    ...(trial.only ? [{ only: trial.only }] : []),
    ...(trial.activationType === 'uint8' ? ['uint8'] : []),
  ];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 24);
}

/** null for an incomplete line, which a killed process may leave: its trial is run again. */
function parseEntry(line: string): Entry | null {
  return line.endsWith('}') ? parseStoredJson(line, entrySchema) : null;
}
