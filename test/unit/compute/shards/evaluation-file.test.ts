import { describe, expect, it } from 'vitest';
import type { ImageAnswer } from '../../../../src-main/analysis/variant-evaluator';
import {
  decodeEvaluation,
  encodeEvaluation,
  type ImageRecord,
} from '../../../../src-main/compute/shards/evaluation-file';

const outputs = [
  { name: 'logits', signal: 0.1 + 0.2, noise: Number.NaN, energy: Number.POSITIVE_INFINITY, dot: -1e-310 },
];
const answers: readonly ImageAnswer['answer'][] = [
  { kind: 'classification', top5: [3, 1, 2, 0, 4], score: Math.fround(0.1), classCount: 5 },
  { kind: 'classification', top5: [-1], score: Number.NaN, classCount: 5 },
  {
    kind: 'detection',
    detections: {
      boxes: Float32Array.of(0.1, 2, 3.5, 4e-40),
      scores: Float32Array.of(0.9),
      classes: Int32Array.of(79),
    },
  },
  {
    kind: 'segmentation',
    toTruth: null,
    toFp32: { intersection: Uint32Array.of(4e9), predicted: Uint32Array.of(1), truth: Uint32Array.of(0) },
  },
  { kind: 'embedding', vector: Float32Array.of(Number.NaN, -0, 1 / 3) },
  { kind: 'custom', record: { distances: [0.1, null], text: 'a\nb' } },
  { kind: 'custom', record: undefined },
  null,
];

/** A file with one answer as it is written. */
function answerText(answer: object): string {
  const image = { id: 'a.png', answers: [{ answer, outputs: [] }] };
  return `{"format":"calib-evaluation","version":1}\n${JSON.stringify(image)}`;
}

describe('answers to images', () => {
  it('are the same after they were stored', () => {
    const records: ImageRecord[] = [
      ...answers.map((answer, i) => ({ id: `day/${i}.png`, answers: [{ answer, outputs }] })),
      { id: 'broken.png', reason: 'Not an image' },
    ];
    const bytes = encodeEvaluation(records);
    expect(decodeEvaluation(bytes, 'a.shard')).toEqual(records);
    expect(Buffer.from(encodeEvaluation(decodeEvaluation(bytes, 'a.shard'))).equals(bytes)).toBe(true);
  });

  it('of no image are an empty list', () => {
    expect(decodeEvaluation(encodeEvaluation([]), 'a.shard')).toEqual([]);
  });

  it.each([
    '',
    '{}',
    '{"format":"calib-evaluation","version":2}',
    '{"format":"calib-evaluation","version":1}\n{"id":3}',
    answerText({ kind: 'embedding', vector: 'AAAAAAA=' }),
    answerText({ kind: 'embedding', vector: '!AAA' }),
    answerText({ kind: 'detection', detections: { boxes: 'AAAAAA==', scores: 'AAAAAA==', classes: 'AAAAAA==' } }),
    answerText({ kind: 'segmentation', toTruth: null, toFp32: { intersection: '', predicted: '', truth: 'AAAAAA==' } }),
  ])('are not %s', (text) =>
    expect(() => decodeEvaluation(Buffer.from(text), 'a.shard')).toThrow(/Expected answers to images in a.shard/),
  );
});
