import { describe, expect, it } from 'vitest';
import { imageOutputs } from '../../../src-main/analysis/image-outputs';
import { labelMapOf, type SegmentationTask } from '../../../src-main/analysis/label-map';
import { createTaskReader } from '../../../src-main/analysis/task-reader';
import type { OutputTensor } from '../../../src-main/backends/runnable-variant';
import type { Task } from '../../../src-shared/domain/tasks/task';

const tensor = (name: string, dims: readonly number[], values: readonly number[]): OutputTensor => ({
  name,
  dims,
  data: Float32Array.from(values),
});
const image = {
  entry: { path: '/a.png', file: 'a.png', label: null, group: null, record: null },
  geometry: null,
  mask: null,
};
const read = (task: Task | null, outputs: readonly OutputTensor[]) =>
  createTaskReader(task).read(outputs, outputs, image);

describe('a reader of classifications', () => {
  const boxes = tensor('boxes', [1, 2, 4], [0, 0, 1, 1, 0, 0, 1, 1]);
  const scores = tensor('scores', [1, 3], [0.1, 0.7, 0.2]);

  it('finds the classes by the shape, or by the name of the output', async () => {
    expect(await read(null, [boxes, scores])).toMatchObject({ kind: 'classification', top5: [1, 2, 0], classCount: 3 });
    const other = tensor('other', [1, 2], [5, 4]);
    expect(await read({ kind: 'classification', output: 'other' }, [scores, other])).toMatchObject({ top5: [0, 1] });
  });
  it('answers no class for NaN, and nothing for a model without such an output', async () => {
    expect(await read(null, [tensor('scores', [1, 3], [1, Number.NaN, 2])])).toMatchObject({
      top5: [-1],
      score: Number.NaN,
    });
    expect(await read(null, [boxes])).toBeNull();
  });
  it('names the outputs that there are when one is missing', async () => {
    await expect(read({ kind: 'embedding', output: 'features' }, [boxes, scores])).rejects.toThrow(
      /"features", which the model does not have; its outputs are "boxes", "scores"/,
    );
  });
});

describe('imageOutputs', () => {
  it('divides what has a batch axis, several rows an image too, and keeps the rest whole', () => {
    const [rows, ids, anchors] = imageOutputs(
      [
        tensor('rows', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
        { name: 'ids', dims: [2, 1], data: null, integers: Int32Array.of(7, 9) },
        tensor('anchors', [3], [1, 2, 3]),
      ],
      1,
      2,
    );
    expect(rows).toMatchObject({ dims: [2, 2], data: Float32Array.of(5, 6, 7, 8) });
    expect(ids).toMatchObject({ dims: [1, 1], integers: Int32Array.of(9) });
    expect(anchors).toMatchObject({ dims: [3], data: Float32Array.of(1, 2, 3) });
  });
});

describe('labelMapOf', () => {
  const task = (changes: Partial<SegmentationTask>): SegmentationTask => ({
    kind: 'segmentation',
    output: 'out',
    layout: 'nchw',
    classes: 2,
    ...changes,
  });
  const size = (inputWidth: number, inputHeight: number) => ({ inputWidth, inputHeight });
  const labels = (output: OutputTensor, own: SegmentationTask, width: number, height: number): number[] => [
    ...labelMapOf(output, own, size(width, height)).labels,
  ];

  it('chooses the best class of a pixel in either layout; the lower index wins a tie', () => {
    expect(labels(tensor('out', [1, 2, 1, 3], [1, 2, 3, 3, 2, 1]), task({}), 3, 1)).toEqual([1, 0, 0]);
    expect(labels(tensor('out', [1, 1, 3, 2], [1, 3, 2, 2, 3, 1]), task({ layout: 'nhwc' }), 3, 1)).toEqual([1, 0, 0]);
  });
  it('gives a pixel with NaN no class', () => {
    expect(labels(tensor('out', [1, 2, 1, 2], [Number.NaN, 1, 5, 2]), task({}), 2, 1)).toEqual([-1, 1]);
  });
  it('compares one channel with the threshold', () => {
    const output = tensor('out', [1, 1, 1, 3], [-1, 0.4, 0.6]);
    expect(labels(output, task({}), 3, 1)).toEqual([0, 0, 1]);
    expect(labels(output, task({ threshold: 0 }), 3, 1)).toEqual([0, 1, 1]);
  });
  it('interpolates scores of a lower resolution as align_corners=False does', () => {
    // torch.nn.functional.interpolate of [0, 4] to 4 columns gives 0, 1, 3, 4.
    const output = tensor('out', [1, 1, 1, 2], [0, 4]);
    expect([0.5, 2, 3.5].map((threshold) => labels(output, task({ threshold }), 4, 1))).toEqual([
      [0, 1, 1, 1],
      [0, 0, 1, 1],
      [0, 0, 0, 1],
    ]);
    const column = tensor('out', [1, 1, 2, 1], [0, 4]);
    expect(labels(column, task({ threshold: 2 }), 2, 4)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });
  it('takes the nearest class index, from integers too', () => {
    const output: OutputTensor = { name: 'out', dims: [1, 1, 2], data: null, integers: Int32Array.of(3, 7) };
    expect(labels(output, task({ layout: 'indices' }), 4, 2)).toEqual([3, 3, 7, 7, 3, 3, 7, 7]);
    expect(labels(tensor('out', [1, 2, 2, 1], [1, 2, 3, 4]), task({ layout: 'indices' }), 2, 2)).toEqual([1, 2, 3, 4]);
  });
  it('says which shape it expects', () => {
    expect(() => labelMapOf(tensor('out', [1, 5, 4], [...Array(20).keys()]), task({}), size(4, 4))).toThrow(
      'The task segmentation expects output "out" as [batch, 2, height, width], found [1, 5, 4]',
    );
  });
});
