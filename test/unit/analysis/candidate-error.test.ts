import { describe, expect, it } from 'vitest';
import { candidateSums, readCandidates } from '../../../src-main/analysis/decoders/candidate-error';
import type { OutputTensor } from '../../../src-main/backends/runnable-variant';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Decoder } from '../../../src-shared/domain/tasks/decoder';

const GEOMETRY: ImageGeometry = {
  inputWidth: 100,
  inputHeight: 100,
  width: 100,
  height: 100,
  scaleX: 1,
  scaleY: 1,
  offsetX: 0,
  offsetY: 0,
};
const DECODER: Decoder = {
  kind: 'boxes-scores',
  outputs: ['boxes', 'scores'],
  boxForm: 'xyxy',
  boxUnit: 'pixels',
  activation: 'none',
  minScore: 0.1,
  nmsIou: 0.5,
  classAgnostic: false,
  maxDetections: 10,
};

type Row = readonly [box: readonly [number, number, number, number], scores: readonly [number, number]];

function sumsOf(own: readonly Row[], fp32: readonly Row[]) {
  const outputs = (rows: readonly Row[]): OutputTensor[] => [
    { name: 'boxes', dims: [1, rows.length, 4], data: Float32Array.from(rows.flatMap(([box]) => box)) },
    { name: 'scores', dims: [1, rows.length, 2], data: Float32Array.from(rows.flatMap(([, scores]) => scores)) },
  ];
  const read = (rows: readonly Row[]) => readCandidates(DECODER, outputs(rows), GEOMETRY);
  const [a, b] = [read(own), read(fp32)];
  if (!a || !b) throw new Error('no candidates');
  return candidateSums(a, b);
}

const FOUND: Row = [
  [10, 10, 50, 50],
  [0.8, 0.05],
];
const BACKGROUND: Row = [
  [0, 0, 5, 5],
  [0.01, 0.02],
];

describe('candidateSums', () => {
  it('is zero for equal answers, and takes the signal from what FP32 detects', () => {
    const { signal, noise } = sumsOf([FOUND, BACKGROUND], [FOUND, BACKGROUND]);
    expect(signal).toBeCloseTo(0.64);
    expect(noise).toBe(0);
  });

  it('ignores errors of the background', () => {
    const moved: Row = [
      [50, 50, 90, 90],
      [0.09, 0.0],
    ];
    expect(sumsOf([FOUND, moved], [FOUND, BACKGROUND]).noise).toBe(0);
  });

  it('counts scores that are lost, and those that appear', () => {
    const lost: Row = [FOUND[0], [0, 0]];
    const appeared: Row = [BACKGROUND[0], [0.5, 0]];
    expect(sumsOf([lost, BACKGROUND], [FOUND, BACKGROUND]).noise).toBeCloseTo(0.64);
    expect(sumsOf([FOUND, appeared], [FOUND, BACKGROUND]).noise).toBeCloseTo(0.25);
  });

  it('counts boxes by their loss of overlap, at most once', () => {
    const at = (box: Row[0]): number => sumsOf([[box, FOUND[1]], BACKGROUND], [FOUND, BACKGROUND]).noise;
    expect(at([10, 10, 50, 40])).toBeCloseTo(0.64 * 0.25);
    expect(at([60, 60, 90, 90])).toBeCloseTo(0.64);
    expect(at([Number.NaN, 10, 50, 50])).toBeCloseTo(0.64);
  });

  it('is not measured where rows are detections in any order', () => {
    expect(readCandidates({ ...DECODER, kind: 'end-to-end' }, [], GEOMETRY)).toBeNull();
  });
});
