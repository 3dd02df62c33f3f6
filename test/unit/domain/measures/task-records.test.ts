import { describe, expect, it } from 'vitest';
import { truthOfDetections } from '../../../../src-shared/domain/measures/detection-images';
import { judge } from '../../../../src-shared/domain/measures/judge';
import {
  finishRecords,
  measuredRecords,
  recordOf,
  type TaskRecord,
  type UnfinishedRecord,
  withoutIneffective,
} from '../../../../src-shared/domain/measures/task-records';
import { createRandom } from '../../../../src-shared/domain/random';
import type { Decoder } from '../../../../src-shared/domain/tasks/decoder';
import type { Task } from '../../../../src-shared/domain/tasks/task';
import { inventDetections, inventScene } from '../../../support/detection-scenes';

const decoder: Decoder = {
  kind: 'end-to-end',
  outputs: ['o'],
  boxForm: 'xyxy',
  boxUnit: 'pixels',
  activation: 'none',
  minScore: 0.01,
  nmsIou: null,
  classAgnostic: false,
  maxDetections: 100,
};

describe.each(['coco', 'ultralytics'] as const)('records of detections, convention %s', (convention) => {
  const task: Task = { kind: 'detection', decoder, convention };
  const random = createRandom(9);
  const scenes = Array.from({ length: 60 }, () => inventScene(random, 5));
  const records = scenes.map(({ truth, detections }, i) =>
    recordOf(
      task,
      { kind: 'detection', detections: inventDetections(random, truth, 5, 0.2) },
      { truth: i % 10 === 0 ? null : truth, fp32: truthOfDetections(detections) },
    ),
  ) as TaskRecord[];
  const labels = scenes.map(() => -1);
  const groups = scenes.map((_, i) => `group ${i % 3}`);

  it('without the detections that no score depends on give the same scores, groups and image scores', () => {
    const smaller = withoutIneffective(records);
    for (const against of ['truth', 'fp32'] as const) {
      const [full, kept] = [records, smaller].map((list) => measuredRecords(task, list, against, labels));
      if (!full || !kept) throw new Error('Expected a measure');
      expect(judge(kept, null, groups)).toEqual(judge(full, null, groups));
      expect(kept.imageScores()).toEqual(full.imageScores());
    }
    const size = (list: readonly (TaskRecord | null)[]): number =>
      list.reduce((sum, own) => sum + (own?.kind === 'detection' ? own.toFp32.classes.length : 0), 0);
    expect(size(smaller)).toBeLessThan(size(records));
  });

  it('images without boxes as labels do not count', () => {
    expect(judge(measuredRecords(task, records, 'truth', labels) as never, null, groups)?.images).toBe(54);
    expect(judge(measuredRecords(task, records, 'fp32', labels) as never, null, groups)?.images).toBe(60);
  });
});

it('embeddings are compared with FP32 and with each other once all are known', () => {
  const task: Task = { kind: 'embedding', output: 'e' };
  const vectors = [
    [1, 0],
    [0.9, 0.1],
    [0, 1],
    [0.1, 0.9],
    [Number.NaN, 0],
  ].map((own) => Float32Array.from(own));
  const unfinished = vectors.map((vector): UnfinishedRecord => ({ kind: 'vector', vector }));
  const labels = [0, 0, 1, 1, 1];
  const records = finishRecords(task, unfinished, vectors, labels);
  expect(records[0]).toEqual({ kind: 'embedding', cosine: 1, isNearest: true });
  expect(records[4]).toEqual({ kind: 'embedding', cosine: null, isNearest: false });
  const truth = measuredRecords(task, records, 'truth', labels);
  const fp32 = measuredRecords(task, records, 'fp32', labels);
  expect(
    truth &&
      judge(
        truth,
        null,
        labels.map(() => null),
      )?.measure,
  ).toMatchObject({ name: 'recall@1', value: 80 });
  expect(
    fp32 &&
      judge(
        fp32,
        null,
        labels.map(() => null),
      )?.measure.value,
  ).toBeCloseTo(80, 10);
});
