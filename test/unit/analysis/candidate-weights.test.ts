import { describe, expect, it } from 'vitest';
import { candidateSums, readCandidates } from '../../../src-main/analysis/decoders/candidate-error';
import { candidateWeights } from '../../../src-main/analysis/decoders/candidate-weights';
import type { OutputTensor } from '../../../src-main/backends/runnable-variant';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Decoder } from '../../../src-shared/domain/tasks/decoder';

const GEOMETRY: ImageGeometry = {
  inputWidth: 64,
  inputHeight: 64,
  width: 64,
  height: 64,
  scaleX: 1,
  scaleY: 1,
  offsetX: 0,
  offsetY: 0,
};
const SHARED = { boxUnit: 'pixels', minScore: 0.01, nmsIou: 0.5, classAgnostic: false, maxDetections: 10 } as const;
const BOX = [30, 28, 20, 10];
const YOLOV5: Decoder = {
  ...SHARED,
  kind: 'yolov5',
  outputs: ['out'],
  classes: 2,
  boxForm: 'cxcywh',
  activation: 'sigmoid',
};
const ROWS: readonly OutputTensor[] = [
  { name: 'out', dims: [1, 2, 7], data: Float32Array.of(...BOX, 0.4, 1.2, -0.3, ...BOX, -1, 0.2, 0.5) },
];
/** Columns and rows exchanged. */
const YOLOV8: Decoder = {
  ...SHARED,
  kind: 'yolov8',
  outputs: ['out'],
  classes: 2,
  boxForm: 'cxcywh',
  activation: 'none',
};
const COLUMNS: readonly OutputTensor[] = [
  {
    name: 'out',
    dims: [1, 6, 2],
    data: Float32Array.of(...BOX.flatMap((value) => [value, value + 1]), 0.7, 0.02, 0.3, 0.4),
  },
];
/** One output for each stride, whose tables are put together. */
const YOLOX: Decoder = {
  ...SHARED,
  kind: 'yolox',
  outputs: ['a', 'b'],
  boxForm: 'cxcywh',
  activation: 'none',
  strides: [32, 64],
};
const GRIDS: readonly OutputTensor[] = [
  {
    name: 'a',
    dims: [1, 6, 2, 2],
    data: Float32Array.from({ length: 24 }, (_, i) => (i < 16 ? 0.3 * Math.sin(i) : 0.4 + 0.02 * i)),
  },
  { name: 'b', dims: [1, 6, 1, 1], data: Float32Array.of(0.2, 0.1, -0.4, -0.5, 0.9, 0.8) },
];
/** Boxes and scores apart; the last class is the background. */
const SSD: Decoder = {
  ...SHARED,
  kind: 'boxes-scores',
  outputs: ['boxes', 'scores'],
  boxForm: 'xyxy',
  activation: 'none',
  background: 'last',
};
const PAIR: readonly OutputTensor[] = [
  { name: 'boxes', dims: [1, 1, 4], data: Float32Array.of(10, 12, 40, 50) },
  { name: 'scores', dims: [1, 1, 3], data: Float32Array.of(0.6, 0.2, 0.2) },
];

/** The error of the candidates if one value is moved by `by`, divided by the square of the move. */
function found(decoder: Decoder, outputs: readonly OutputTensor[], name: string, at: number): number {
  const by = 1e-3;
  const moved = outputs.map((output) =>
    output.name === name && output.data
      ? { ...output, data: output.data.map((value, i) => value + (i === at ? by : 0)) }
      : output,
  );
  const [own, fp32] = [readCandidates(decoder, moved, GEOMETRY), readCandidates(decoder, outputs, GEOMETRY)];
  if (!own || !fp32) throw new Error('no candidates');
  return candidateSums(own, fp32).noise / by ** 2;
}

describe('candidateWeights', () => {
  it.each([
    ['yolov5', YOLOV5, ROWS],
    ['yolov8', YOLOV8, COLUMNS],
    ['yolox', YOLOX, GRIDS],
    ['boxes-scores', SSD, PAIR],
  ] as const)('is the growth of the error of the candidates with every value: %s', (_, decoder, outputs) => {
    const before = outputs.map(({ data }) => data?.slice());
    const weights = candidateWeights(decoder, outputs, GEOMETRY);
    for (const { name, data } of outputs) {
      expect(weights?.get(name)).toHaveLength(data?.length ?? 0);
      for (const [i, weight] of weights?.get(name)?.entries() ?? []) {
        const expected = found(decoder, outputs, name, i);
        expect(Math.abs(weight - expected)).toBeLessThanOrEqual(0.03 * expected + 1e-9);
      }
    }
    expect(outputs.map(({ data }) => data)).toEqual(before);
  });

  it('gives boxes without a detection no weight', () => {
    const data = Float32Array.of(...BOX, 0.4, 1.2, -0.3, ...BOX, -9, 0.2, 0.5);
    const weights = candidateWeights(YOLOV5, [{ name: 'out', dims: [1, 2, 7], data }], GEOMETRY)?.get('out');
    expect(weights?.[0]).toBeGreaterThan(0);
    expect([...(weights?.slice(7, 11) ?? [])]).toEqual([0, 0, 0, 0]);
  });

  it('does not exist where rows are detections in any order', () => {
    expect(candidateWeights({ ...YOLOV5, kind: 'end-to-end' }, ROWS, GEOMETRY)).toBeNull();
  });
});
