import { formatImageHashes, parseImageHashes } from '../../src-main/calibration/images/image-hashes';
import { decodeEvaluation, encodeEvaluation, type ImageRecord } from '../../src-main/compute/shards/evaluation-file';
import { completeShards, kindOfShards, listShards } from '../../src-main/compute/shards/find-shards';
import { findShard, sha256OfBytes } from '../../src-main/compute/shards/shard-store';
import { mutateBytes, mutateJson, mutateText } from './mutate';
import { fileIn, utf8, type FuzzTarget } from './target';

const CONTENT = Buffer.from('content');
const MARKER = {
  version: 1,
  kind: 'validate',
  key: '__proto__',
  shard: { index: 1, count: 1 },
  sha256: sha256OfBytes(CONTENT),
  done: 3,
  seconds: 1.5,
  spec: { kind: 'validate', projectPath: '.', limit: 3 },
};

/** What a merge does with the files of a folder before it reads contents. */
const marker: FuzzTarget = {
  weight: 4,
  input: (draws) =>
    draws.chance(0.3) ? mutateText(JSON.stringify(MARKER), '{"shard":{}}', draws) : mutateJson(MARKER, draws),
  run: async (bytes, folder) => {
    const { kind, key, shard } = MARKER;
    fileIn(folder, 'validate-1-of-1.shard', CONTENT);
    fileIn(folder, 'validate-1-of-1.shard.json', bytes);
    const found = await listShards([folder]);
    const complete = completeShards(found, kindOfShards(found, undefined), key);
    const own = await findShard(folder, { kind: 'validate', shard }, key);
    if (own !== null && (own.marker.kind !== kind || complete.length !== 1))
      throw new Error('A shard is found by its name, and not by a merge');
    return own !== null;
  },
};

const outputs = [{ name: 'logits', signal: 0.3, noise: Number.NaN, energy: Number.POSITIVE_INFINITY, dot: -1e-310 }];
const counts = { intersection: Uint32Array.of(4e9), predicted: Uint32Array.of(1), truth: Uint32Array.of(0) };
const records: readonly ImageRecord[] = [
  { id: 'a.png', answers: [{ answer: { kind: 'classification', top5: [1, 0], score: 0.5, classCount: 2 }, outputs }] },
  {
    id: '__proto__',
    answers: [
      {
        answer: {
          kind: 'detection',
          detections: { boxes: Float32Array.of(0, 1, 2, 3), scores: Float32Array.of(1), classes: Int32Array.of(7) },
        },
        outputs: [],
      },
      { answer: { kind: 'segmentation', toTruth: null, toFp32: counts }, outputs },
      { answer: { kind: 'embedding', vector: Float32Array.of(Number.NaN, 1) }, outputs },
      { answer: { kind: 'custom', record: { a: [null] } }, outputs },
      { answer: null, outputs },
    ],
  },
  { id: 'broken.png', reason: 'not an image' },
];
const evaluationBytes = encodeEvaluation(records);

const evaluation: FuzzTarget = {
  weight: 6,
  input: (draws) => {
    const [format = '', ...lines] = utf8(evaluationBytes).trimEnd().split('\n');
    if (draws.chance(0.3)) return mutateBytes(evaluationBytes, evaluationBytes, draws);
    const at = draws.below(lines.length);
    const changed = utf8(mutateJson(JSON.parse(lines[at] ?? ''), draws));
    return Buffer.from([format, ...lines.with(at, changed), ''].join('\n'));
  },
  run: (bytes) => {
    const decoded = decodeEvaluation(bytes, 'fuzz.shard');
    const encoded = encodeEvaluation(decoded);
    if (!Buffer.from(encodeEvaluation(decodeEvaluation(encoded, 'again.shard'))).equals(encoded))
      throw new Error('Answers changed when they were written and read again');
  },
};

const hashesText = formatImageHashes(
  new Map(
    ['a.png', '__proto__', 'a "quoted"\nname.png'].map((file, i) => [
      file,
      { sha256: 'ab'.repeat(32), bytes: i, modifiedNs: 1_700_000_000_000_000_000n + BigInt(i) },
    ]),
  ),
);

const hashes: FuzzTarget = {
  weight: 3,
  input: (draws) => mutateText(hashesText, hashesText, draws),
  run: (bytes) => {
    const known = parseImageHashes(utf8(bytes));
    const text = formatImageHashes(known);
    if (formatImageHashes(parseImageHashes(text)) !== text)
      throw new Error('Hashes of images changed when they were written and read again');
    return known.size > 0;
  },
};

export const shardTargets = { marker, evaluation, hashes };
