import { describe, expect, it } from 'vitest';
import {
  choiceErrorOf,
  differenceBetween,
  OTHER_SIZE,
  qualityOf,
  referenceQuality,
  taskToCompare,
  withTaskOfChoice,
  type TrialAnswer,
  type Trials,
} from '../../../src-main/analysis/trials';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { choiceError, worstNmse } from '../../../src-shared/domain/analysis/analysis';
import { truthOfDetections } from '../../../src-shared/domain/measures/detection-images';
import { recordOf, type TaskRecord } from '../../../src-shared/domain/measures/task-records';
import { createRandom } from '../../../src-shared/domain/random';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { inventDetections, inventScene } from '../../support/detection-scenes';
import { fakeImages } from './fake-trials';

const at = [0, 1, 2, 3];
const NO_MATCH = {
  classes: new Int32Array(),
  scores: new Float32Array(),
  flags: new Uint32Array(),
  truthClasses: new Int32Array(),
  truthCounts: new Uint32Array(),
};

function trials(signal: readonly (readonly number[])[]): Trials {
  const images = fakeImages(['day', 'day', 'night', 'night']);
  return {
    images,
    reference: signal.map((own, i) => ({ signal: own, top1: i % 2 })),
    run: () => Promise.reject(new Error('not run')),
  };
}

const even = trials([[1], [3], [2], [2]]);

describe('outputs whose sizes depend on the data', () => {
  const two = trials([
    [1, 5],
    [1, 5],
    [1, 5],
    [1, 5],
  ]);
  const answers = [0, 1, 0, 0].map((top1) => ({ noise: [0.25, OTHER_SIZE], top1 }));

  it('are left out of the error', async () => {
    const quality = await qualityOf({ ...two, varying: new Set([1]) }, at, answers);
    expect(quality.nmse).toBeCloseTo(0.25, 12);
    expect(quality.comparesAnswers).toBeUndefined();
  });

  it('if no other output is left, the answers are compared instead, in the worst group', async () => {
    const quality = await qualityOf({ ...two, varying: new Set([0, 1]) }, at, answers);
    expect(quality).toMatchObject({ sqnrDb: null, agreement: 75, comparesAnswers: true });
    expect(quality.nmse).toBeCloseTo(0.25, 12);
    expect(quality.worstGroupNmse).toEqual({ name: 'night', nmse: 0.5 });
  });

  it('if there are no answers either, the task is asked for', async () => {
    const reference = two.reference.map((own) => ({ ...own, top1: -1 }));
    const error: unknown = await qualityOf({ ...two, reference, varying: new Set([0, 1]) }, at, answers).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'model-unsupported', advice: { id: 'decide-task' } });
    expect(taskToCompare(error, { kind: 'classification' })).toEqual({ kind: 'classification' });
    expect(taskToCompare(error, undefined)).toBeNull();
    expect(taskToCompare(new Error('another'), { kind: 'classification' })).toBeNull();
  });
});

describe('withTaskOfChoice', () => {
  const detection = { kind: 'detection' } as Task;
  const needsTask = new WorkbenchError('model-unsupported', 'no outputs', { hint: advise('decide-task') });

  it.each([
    { task: undefined, isComparable: true, asked: [null] },
    { task: { kind: 'classification' } as Task, isComparable: true, asked: [null] },
    { task: { kind: 'segmentation' } as Task, isComparable: false, asked: [null, 'segmentation'] },
    { task: detection, isComparable: true, asked: ['detection'] },
  ])('asks for the task of $task, outputs comparable: $isComparable', async ({ task, isComparable, asked }) => {
    const found: (string | null)[] = [];
    await withTaskOfChoice(task, (own) => {
      found.push(own?.kind ?? null);
      return own === null && !isComparable ? Promise.reject(needsTask) : Promise.resolve();
    });
    expect(found).toEqual(asked);
  });

  it('passes on other errors', async () => {
    await expect(withTaskOfChoice(detection, () => Promise.reject(needsTask))).rejects.toBe(needsTask);
    await expect(withTaskOfChoice(undefined, () => Promise.reject(needsTask))).rejects.toBe(needsTask);
  });
});

describe('qualityOf', () => {
  it('chooses detectors by the candidates of the worst group, and only if all images have them', async () => {
    const answer = (noise: number, hasCandidates = true) => ({
      noise: [0.1],
      top1: -1,
      record: {
        kind: 'detection' as const,
        toTruth: null,
        toFp32: NO_MATCH,
        ...(hasCandidates ? { candidates: { signal: 2, noise } } : {}),
      },
    });
    const quality = await qualityOf(even, at, [answer(0.1), answer(0.3), answer(0.6), answer(0.2)]);
    expect(choiceError(quality)).toBeCloseTo(0.2);
    expect(choiceErrorOf(even, at, [answer(0.1), answer(0.3), answer(0.6), answer(0.2)])).toBe(choiceError(quality));
    const incomplete = [answer(0.1), answer(0.3), answer(0.6), answer(0.2, false)];
    const partly = await qualityOf(even, at, incomplete);
    expect(choiceError(partly)).toBe(worstNmse(partly));
    expect(choiceErrorOf(even, at, incomplete)).toBe(worstNmse(partly));
  });

  it('sums noise over signal, over all images and per group', async () => {
    const answers = [0.1, 0.3, 0.2, 0.6].map((noise, i) => ({ noise: [noise], top1: i % 2 }));
    const quality = await qualityOf(even, at, answers);
    expect(quality.nmse).toBeCloseTo(1.2 / 8, 12);
    expect(quality.sqnrDb).toBeCloseTo(-10 * Math.log10(0.15), 12);
    expect(quality.worstGroupNmse?.name).toBe('night');
    expect(worstNmse(quality)).toBeCloseTo(0.2, 12);
  });

  it('is that of the worst output, so that neither a large nor a good one hides it; an output without signal has no say', async () => {
    const two = trials([
      [100, 1, 0],
      [100, 1, 0],
      [100, 1, 0],
      [100, 1, 0],
    ]);
    const answers = at.map((i) => ({ noise: [1, 0.5, 7], top1: i % 2 }));
    const quality = await qualityOf(two, at, answers);
    expect(quality.nmse).toBeCloseTo(0.5, 12);
    expect(quality.sqnrDb).toBeCloseTo(10 * Math.log10(2), 12);
  });

  it('counts right answers by label and kept answers by FP32, per group', async () => {
    const answers = [0, 0, 0, 1].map((top1) => ({ noise: [0], top1 }));
    const quality = await qualityOf(even, at, answers);
    expect(quality).toMatchObject({
      top1: 75,
      agreement: 75,
      worstGroup: { name: 'day', top1: 50 },
      groupTop1: { day: 50, night: 100 },
    });
  });

  it('has no agreement where nothing is classified', async () => {
    const detector: Trials = { ...even, reference: even.reference.map((own) => ({ ...own, top1: -1 })) };
    const answers = at.map(() => ({ noise: [0], top1: -1 }));
    expect(await qualityOf(detector, at, answers)).toMatchObject({ top1: null, agreement: null, worstGroup: null });
    expect((await referenceQuality(detector, at)).agreement).toBeNull();
  });

  it('is infinitely bad where FP32 answers zero throughout and the trial does not', async () => {
    const silent = { images: [{ file: '0', group: null, label: null }], reference: [{ signal: [0], top1: -1 }] };
    const nmse = async (noise: number): Promise<number> =>
      (await qualityOf(silent as never, [0], [{ noise: [noise], top1: -1 }])).nmse;
    expect([await nmse(0), await nmse(1)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('is infinitely bad where an output has NaN', async () => {
    const answers = at.map((i) => ({ noise: [i === 2 ? Number.POSITIVE_INFINITY : 0], top1: i === 2 ? -1 : i % 2 }));
    const quality = await qualityOf(even, at, answers);
    expect(quality.nmse).toBe(Number.POSITIVE_INFINITY);
    expect(quality.top1).toBe(75);
  });
});

it('FP32 compared with itself has no error', async () => {
  expect(await referenceQuality(even, at)).toMatchObject({ nmse: 0, sqnrDb: null, agreement: 100, top1: 100 });
});

describe('the quality of a detector', () => {
  const random = createRandom(2);
  const task: Task = {
    kind: 'detection',
    decoder: {
      kind: 'end-to-end',
      outputs: ['o'],
      boxForm: 'xyxy',
      boxUnit: 'pixels',
      activation: 'none',
      minScore: 0.01,
      nmsIou: null,
      classAgnostic: false,
      maxDetections: 100,
    },
  };
  const images = fakeImages(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'day' : 'night')));
  const scenes = images.map(() => inventScene(random, 3));
  const answersWith = (noise: number): TrialAnswer[] =>
    scenes.map(({ truth, detections }) => {
      const own = noise === 0 ? detections : inventDetections(random, truth, 3, noise);
      const answer = { kind: 'detection', detections: own } as const;
      const record = recordOf(task, answer, { truth, fp32: truthOfDetections(detections) });
      return { noise: [noise], top1: -1, ...(record === null ? {} : { record: record as TaskRecord }) };
    });
  const fp32 = answersWith(0);
  const detector: Trials = {
    images,
    task,
    reference: fp32.map(({ record }) => ({ signal: [1], top1: -1, ...(record === undefined ? {} : { record }) })),
    run: () => Promise.reject(new Error('not run')),
  };
  const all = [...images.keys()];

  it('is its AP with the worst group; agreement is the AP against FP32', async () => {
    const reference = await referenceQuality(detector, all);
    expect(reference.measure?.name).toBe('AP');
    expect(reference.agreement).toBeCloseTo(100, 6);
    const own = await qualityOf(detector, all, answersWith(0.3));
    expect(own.measure?.value).toBeLessThan(reference.measure?.value ?? 0);
    expect(own.agreement).toBeLessThan(60);
    expect(own.top1).toBeNull();
    expect(own.groupTop1).toEqual({});
    const values = Object.values(own.groupMeasures ?? {});
    expect(values).toHaveLength(2);
    expect(own.worstGroup?.measure).toBe(Math.min(...values));
    expect(own.worstGroup).not.toHaveProperty('top1');
  });

  it('differs from that of FP32 by an interval that says how much is chance', () => {
    const found = differenceBetween(detector, all, [answersWith(0.3), fp32]);
    expect(found?.name).toBe('AP');
    expect(found?.difference.interval95[1]).toBeLessThan(0);
    expect(differenceBetween(detector, all, [fp32, fp32])?.difference).toMatchObject({ value: 0, interval95: [0, 0] });
    expect(differenceBetween(detector, all, [fp32, fp32], false)?.name).toBe('AP against FP32');
  });
});
