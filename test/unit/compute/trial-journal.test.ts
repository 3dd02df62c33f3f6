import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrialJournal } from '../../../src-main/compute/trials/trial-journal';
import { matchDetections, type MatchedImage } from '../../../src-shared/domain/measures/detection-matching';
import { countRegions } from '../../../src-shared/domain/measures/regions';
import type { TaskRecord } from '../../../src-shared/domain/measures/task-records';
import { createRandom } from '../../../src-shared/domain/random';
import { inventScene } from '../../support/detection-scenes';
import type { Trial, TrialAnswer } from '../../../src-main/analysis/trials';

let dir = '';
let path = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-journal-'));
  path = join(dir, 'analysis', 'trials.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const trial: Trial = {
  plan: { layers: { a: 'fp16', b: 'int8' }, fallbackPrecision: 'fp16' },
  thresholds: { t: 1.5, u: 2 },
};
const answers: TrialAnswer[] = [
  { noise: [0.1, Number.POSITIVE_INFINITY], top1: 3 },
  { noise: [1e-30, 0], top1: -1 },
];

describe('TrialJournal', () => {
  it('answers again, to the last bit, what was tried before it was opened', () => {
    new TrialJournal(path).put(trial, ['x', 'y'], answers);
    expect(new TrialJournal(path).get(trial, ['x', 'y'])).toEqual(answers);
  });

  it('knows a trial whatever the order of its layers and tensors, and tells it from every other', () => {
    const journal = new TrialJournal(path);
    journal.put(trial, ['x', 'y'], answers);
    expect(
      journal.get(
        { plan: { fallbackPrecision: 'fp16', layers: { b: 'int8', a: 'fp16' } }, thresholds: { u: 2, t: 1.5 } },
        ['x', 'y'],
      ),
    ).toEqual(answers);
    expect(journal.get(trial, ['y', 'x'])).toBeUndefined();
    expect(journal.get({ ...trial, thresholds: { t: 1.5, u: 2.0000001 } }, ['x', 'y'])).toBeUndefined();
    expect(journal.get({ ...trial, plan: { ...trial.plan, fallbackPrecision: 'fp32' } }, ['x', 'y'])).toBeUndefined();
    expect(journal.get({ ...trial, only: 'weights' }, ['x', 'y'])).toBeUndefined();
    expect(journal.get({ ...trial, biases: [] }, ['x', 'y'])).toBeUndefined();
    expect(journal.get({ ...trial, roundings: [] }, ['x', 'y'])).toBeUndefined();
  });

  it('keeps what the measure of each task needs', () => {
    const random = createRandom(5);
    const [first, second] = [inventScene(random, 3), inventScene(random, 3)];
    const match = ({ detections, truth }: typeof first): MatchedImage => matchDetections(detections, truth, 'coco');
    const regions = countRegions([0, 1, 1], [0, 1, 0], 2);
    const records: readonly TaskRecord[] = [
      { kind: 'detection', toTruth: match(first), toFp32: match(second) },
      { kind: 'detection', toTruth: null, toFp32: match(first), candidates: { signal: 1 / 3, noise: 2e-9 } },
      { kind: 'segmentation', toTruth: regions, toFp32: regions },
      { kind: 'embedding', cosine: 0.123456789, isNearest: false },
      { kind: 'custom', record: { right: 3, of: [1, null] } },
      { kind: 'custom', record: undefined },
    ];
    const recorded = records.map((record): TrialAnswer => ({ noise: [1], top1: -1, record }));
    const images = records.map((_, i) => String(i));
    new TrialJournal(path).put(trial, images, recorded);
    expect(new TrialJournal(path).get(trial, images)).toEqual(recorded);
  });

  it('measures again what another version or a damaged file holds', () => {
    const record: TaskRecord = { kind: 'embedding', cosine: 1, isNearest: null };
    new TrialJournal(path).put(trial, ['x'], [{ noise: [1], top1: -1, record }]);
    const line = readFileSync(path, 'utf8');
    for (const other of [
      line.replace('"version":2', '"version":3'),
      line.replace(/"packed":"..../, '"packed":"AAAA'),
    ]) {
      expect(other).not.toBe(line);
      writeFileSync(path, other);
      expect(new TrialJournal(path).get(trial, ['x'])).toBeUndefined();
    }
  });

  it('goes on after a process that was killed while it wrote', () => {
    const journal = new TrialJournal(path);
    journal.put(trial, ['x', 'y'], answers);
    const line = readFileSync(path, 'utf8');
    appendFileSync(path, line.slice(0, line.length / 2));
    const reopened = new TrialJournal(path);
    expect(reopened.get(trial, ['x', 'y'])).toEqual(answers);
    reopened.put(trial, ['z'], answers.slice(0, 1));
    expect(new TrialJournal(path).get(trial, ['z'])).toEqual(answers.slice(0, 1));
  });

  it('ignores what is no journal', () => {
    new TrialJournal(path).put(trial, ['x'], answers);
    writeFileSync(path, 'nonsense\n{"key": 5}\n');
    expect(new TrialJournal(path).get(trial, ['x'])).toBeUndefined();
  });
});
