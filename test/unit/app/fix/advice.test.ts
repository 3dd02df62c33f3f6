import { describe, expect, it } from 'vitest';
import { adviceFor, type AdviceFacts } from '../../../../src-main/app/fix/advice';
import { trainingSnippet } from '../../../../src-main/app/fix/training-snippet';
import type { FixPlan } from '../../../../src-shared/domain/analysis/fix';

const plan: FixPlan = {
  stage: 'methods',
  decisions: { method: 'mse', tensorMethods: {}, plan: { layers: {} } },
  methods: ['mse'],
  repairs: [],
  fp16Layers: [],
  error: 0.02,
  difference: { value: -0.5, interval95: [-0.9, -0.1] },
  gates: [
    { name: 'maxDrop', limit: 0.3, value: 0.5, met: false, state: 'missed', variant: 'mixed' },
    { name: 'maxWorstGroupDrop', limit: 1, value: 1.2, met: false, state: 'missed', variant: 'mixed', group: 'night' },
  ],
  met: false,
  isPareto: true,
};
const entries = (group: string, count: number): { group: string }[] => Array.from({ length: count }, () => ({ group }));
const facts: AdviceFacts = {
  plan,
  images: 1000,
  calibration: [...entries('day', 100), ...entries('night', 16)],
  groups: ['day', 'night'],
  release: {
    error: 0.02,
    ranking: [
      { layer: 'b', gain: 0.002 },
      { layer: 'a', gain: 0.01 },
      { layer: 'c', gain: -1 },
    ],
  },
};
const sentences = (change: Partial<AdviceFacts>, kind: string): string[] =>
  adviceFor({ ...facts, ...change }).flatMap((advice) => (advice.kind === kind ? [advice.sentence] : []));

describe('adviceFor', () => {
  it('names the group that loses too much, and how many calibration images it lacks', () => {
    expect(sentences({}, 'group')).toEqual([
      'Group night loses 1.20 points, the limit is 1.00; it has 16 of 116 calibration images.',
      'Add about 48 calibration images of group night, which has 16.',
    ]);
    // A calibration set without groups says nothing about them.
    expect(sentences({ calibration: [{ group: null }] }, 'group')).toHaveLength(1);
  });

  it('names the layers whose release wins most, with their part of the error', () => {
    expect(sentences({}, 'layers')[0]).toContain('a 50 %, b 10 %.');
    expect(sentences({ release: null }, 'layers')).toEqual([]);
  });

  it('says how many more images would tell an excess from chance, and only where chance may explain it', () => {
    // An excess of 0.2 with an interval of ±0.4 needs four times as many images.
    expect(sentences({}, 'images')[0]).toMatch(/by 0\.20 points, within chance \(±0\.40\): about 3.000 more/);
    const clear = { ...plan, difference: { value: -0.5, interval95: [-0.55, -0.45] as const } };
    expect(sentences({ plan: clear }, 'images')).toEqual([]);
  });

  it('always offers training with quantization', () => {
    expect(sentences({}, 'training')[0]).toContain('Train with quantization');
  });
});

describe('trainingSnippet', () => {
  it('writes the names of layers and projects as Python strings', () => {
    const text = trainingSnippet('a "b"', [{ layer: '/x/"y"\\z/Conv', scale: 0.0125 }]);
    expect(text).toContain('    "/x/\\"y\\"\\\\z/Conv": 1.25000000e-2,');
    expect(text).toContain('a \\"b\\"');
  });
});
