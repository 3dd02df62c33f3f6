import { mkdirSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { loadProject } from '../../src-main/app/projects/project-store';
import { readCalibrationIndex } from '../../src-main/calibration/histograms/calibration-store';
import { decodeHistogramFile, encodeHistogramFile } from '../../src-main/calibration/histograms/histogram-file';
import { decodeImage } from '../../src-main/calibration/images/image-decoder';
import { readLabelsCsv } from '../../src-main/calibration/labels/csv-labels';
import { ElementReader, JsonFileError } from '../../src-main/calibration/labels/json-elements';
import { decodePngIndices, PngError } from '../../src-main/calibration/labels/png-indices';
import { namesInYaml } from '../../src-main/calibration/labels/names-yaml';
import { vocObjects } from '../../src-main/calibration/labels/voc-labels';
import { yoloBoxes } from '../../src-main/calibration/labels/yolo-labels';
import { loadImageSet } from '../../src-main/calibration/images/image-set';
import { countRecords, NpyReader } from '../../src-main/calibration/images/npy-file';
import { formatCalibrationCache, parseCalibrationCache } from '../../src-main/calibration/tensorrt/trt-cache';
import { inspectModel } from '../../src-main/onnx/graph/inspect';
import type { Model } from '../../src-main/onnx/graph/model';
import { constantExpressions } from '../../src-main/onnx/passes/constant-expressions';
import { importModel } from '../../src-main/onnx/passes/import-model';
import { prepareModel } from '../../src-main/onnx/passes/prepare';
import { parseModel } from '../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../src-main/onnx/wire/wire-writer';
import { quantizedParts } from '../../src-main/quantization/rewrite/calibration-tensors';
import { quantizeModel } from '../../src-main/quantization/rewrite/quantize';
import { decodeHistogram, encodeHistogram } from '../../src-shared/domain/histograms/histogram-codec';
import { mergeHistograms } from '../../src-shared/domain/histograms/histogram-merge';
import { TARGETS } from '../../src-shared/domain/project/precision';
import { parseRunRecord } from '../../src-shared/domain/runs/run-record-parse';
import { pseudoRandom } from '../support/onnx-builder';
import { slowHistogram } from '../unit/domain/histograms/histogram-samples';
import { sampleRecord } from '../unit/runs/sample-run';
import { mutateModel, seedModels } from './models';
import { mutateBytes, mutateJson, mutateText } from './mutate';
import { shardTargets } from './shard-targets';
import { boxSeeds, npyFile, npzFile, SAMPLE_PROJECT } from './seeds';
import { fileIn, utf8, type FuzzTarget } from './target';
import { pngFile } from '../support/png';

const models = seedModels();
const encodedModels = models.map((model) => encodeModel(model));

/** Everything that is done with a model before it runs. */
function useModel(model: Model): void {
  inspectModel(model, 'fuzz.onnx');
  const imported = importModel(model).model;
  constantExpressions(imported);
  const prepared = prepareModel(imported).model;
  encodeModel(prepared);
  for (const target of TARGETS) {
    const { tensors } = quantizedParts(prepared, { layers: {} }, target);
    const thresholds = Object.fromEntries(tensors.map((name) => [name, 1]));
    const ranges = Object.fromEntries(tensors.map((name) => [name, [-1, 1] as const]));
    encodeModel(quantizeModel({ model: prepared, target, plan: { layers: {} }, thresholds, ranges }).model);
  }
}

const onnxBytes: FuzzTarget = {
  weight: 30,
  input: (draws) => mutateBytes(draws.pick(encodedModels), draws.pick(encodedModels), draws),
  run: (bytes) => {
    const model = parseModel(bytes, 'fuzz.onnx');
    if (!Buffer.from(encodeModel(model)).equals(bytes))
      throw new Error('A model that was read and not edited was not written back byte for byte');
    useModel(model);
  },
};

const onnxGraph: FuzzTarget = {
  weight: 15,
  input: (draws) => encodeModel(mutateModel(draws.pick(models), draws)),
  run: (bytes) => useModel(parseModel(bytes, 'fuzz.onnx')),
};

const cacheText = formatCalibrationCache({
  header: 'TRT-100600-EntropyCalibration2',
  entries: ['input', '/conv/Conv_output_0', '(Unnamed Layer* 3) [Convolution]_output', 'a: b', '__proto__'].map(
    (name, i) => ({ name, scale: 0.1 * (i + 1) }),
  ),
});

const cache: FuzzTarget = {
  weight: 10,
  input: (draws) => mutateText(cacheText, cacheText, draws),
  run: (bytes) => {
    const parsed = parseCalibrationCache(utf8(bytes), 'fuzz.cache');
    const again = parseCalibrationCache(formatCalibrationCache(parsed), 'again.cache');
    if (JSON.stringify(again) !== JSON.stringify(parsed))
      throw new Error('A calibration cache changed when it was written and read again');
  },
};

const project: FuzzTarget = {
  weight: 8,
  input: (draws) =>
    draws.chance(0.3)
      ? mutateText(JSON.stringify(SAMPLE_PROJECT), '{"a":[1]}', draws)
      : mutateJson(SAMPLE_PROJECT, draws),
  run: async (bytes, folder) => {
    fileIn(folder, 'project.json', bytes);
    await loadProject(folder);
  },
};

const sampleIndex = {
  version: 1,
  key: 'ab'.repeat(32),
  images: 4,
  skipped: [{ file: 'bad.png', reason: 'the file is empty' }],
  groups: ['day', 'night'],
  sha256: 'cd'.repeat(32),
  seconds: 1.5,
  warnings: [{ code: 'few-images', message: 'Only 4 images.' }],
  tensors: ['input', '__proto__', 'r0'].map((name) => ({
    name,
    min: -1,
    max: 2,
    elements: 100,
    thresholds: { minmax: 2, entropy: 1.5, percentile: 1.9, mse: 1.8 },
  })),
};

const index: FuzzTarget = {
  weight: 8,
  input: (draws) =>
    draws.chance(0.3) ? mutateText(JSON.stringify(sampleIndex), '[]', draws) : mutateJson(sampleIndex, draws),
  run: (bytes, folder) => {
    fileIn(folder, 'histograms.bin', new Uint8Array(1));
    fileIn(folder, 'index.json', bytes);
    return readCalibrationIndex(folder) !== null;
  },
};

const sampleValues = [
  pseudoRandom(400).map(Math.abs),
  pseudoRandom(300, 2).map((x) => x * 3),
  [0, 0, Number.NaN, Number.POSITIVE_INFINITY],
];
const histogramRecords = sampleValues.map((values) => encodeHistogram(slowHistogram(values)));
const histogramFile = Buffer.from(
  encodeHistogramFile({
    header: {
      key: 'k',
      tensors: ['a', 'b'],
      groups: ['day', '__proto__'],
      images: ['x.png'],
      skipped: [],
      nonFinite: [],
      shard: null,
      seconds: 1,
    },
    // A null prototype, so that the group "__proto__" is a member like any other.
    records: Object.assign(
      Object.create(null) as object,
      Object.fromEntries([
        ['day', histogramRecords.slice(0, 2)],
        ['__proto__', histogramRecords.slice(1, 3)],
      ]),
    ),
    amax: Float32Array.of(1, 2),
    channels: { key: 'k', tensors: [{ tensor: 'a', axis: 1, maxima: Float32Array.of(1, 0, 3) }] },
    grid: null,
  }),
);

const histogram: FuzzTarget = {
  weight: 10,
  input: (draws) => mutateBytes(draws.pick([...histogramRecords, histogramFile]), draws.pick(histogramRecords), draws),
  run: (bytes) => {
    const isFile = utf8(bytes.subarray(0, 5)) === 'CALIB';
    const records = isFile ? Object.values(decodeHistogramFile(bytes, 'fuzz.bin').records).flat() : [bytes];
    const decoded = records.map(decodeHistogram);
    for (const [i, content] of decoded.entries()) {
      if (!Buffer.from(encodeHistogram(content)).equals(records[i] ?? new Uint8Array()))
        throw new Error('A histogram record is not canonical');
    }
    if (decoded.length > 0) mergeHistograms(decoded);
  },
};

const npySeeds = [
  npyFile('<f4', [2, 3, 4, 4]),
  npyFile('|u1', [4, 4, 3]),
  npyFile('>f8', [4, 4]),
  npzFile(false),
  npzFile(true),
];

const npy: FuzzTarget = {
  weight: 8,
  input: (draws) => {
    const seed = draws.pick(npySeeds);
    if (draws.chance(0.5)) return mutateBytes(seed, draws.pick(npySeeds), draws);
    const header = Buffer.from(
      mutateText(Buffer.from(seed.subarray(0, 128)).toString('latin1'), "'shape': (100000, 3, 64, 64)", draws),
    );
    return Buffer.concat([header, seed.subarray(128)]);
  },
  run: async (bytes, folder) => {
    const path = fileIn(folder, 'fuzz.npy', bytes);
    const records = await countRecords(path, 'fuzz.npy');
    const reader = new NpyReader();
    await reader.read(path, 'fuzz.npy', records === null ? null : 0);
    if (records !== null) await reader.read(path, 'fuzz.npy', records - 1);
    await loadImageSet({ path });
  },
};

const labelFiles = Array.from({ length: 12 }, (_, i) => ({ path: `/images/im${i}.png`, file: `im${i}.png` }));
const labelSeeds = [
  `file,label\n${labelFiles.map(({ file }, i) => `${file},${i % 4}`).join('\n')}\n`,
  labelFiles.map(({ file }, i) => `${file},"class, ${i % 4}"`).join('\r\n'),
  `\ufeffindex;image;label_name;group\n${labelFiles.map(({ file }, i) => `${i};${file};name${i % 4};day`).join('\n')}\n`,
  labelFiles.map(({ file }, i) => `${file},${i % 4}.0`).join('\n'),
];

const labels: FuzzTarget = {
  weight: 8,
  input: (draws) => mutateText(draws.pick(labelSeeds), draws.pick(labelSeeds), draws),
  run: (bytes, folder) => readLabelsCsv(fileIn(folder, 'labels.csv', bytes), { folder: '/images', files: labelFiles }),
};

const record = JSON.parse(JSON.stringify(sampleRecord())) as Record<string, unknown>;
// One class and one variant reach the same guards as all of them, a hundred times as fast.
const smallRecord = JSON.parse(
  JSON.stringify(record, (_, value: unknown) => (Array.isArray(value) ? value.slice(0, 2) : value)),
) as unknown;

const run: FuzzTarget = {
  weight: 8,
  input: (draws) => mutateJson(smallRecord, draws),
  run: (bytes) => parseRunRecord(JSON.parse(utf8(bytes))).state === 'ok',
};

const imageSeeds: Promise<readonly Uint8Array[]> = (async () => {
  const raw = { raw: { width: 8, height: 6, channels: 3 } } as const;
  const pixels = Buffer.from(Array.from({ length: 8 * 6 * 3 }, (_, i) => (i * 37) % 256));
  const image = (): Sharp => sharp(pixels, raw);
  const encoded = await Promise.all(
    [image().png(), image().jpeg(), image().webp(), image().tiff()].map((pipeline) => pipeline.toBuffer()),
  );
  return [...encoded, bmpFile(8, 6)];
})();

function bmpFile(width: number, height: number): Uint8Array {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + stride * height, 7);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(0, 6);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  bytes.fill(0, 30, 54);
  return bytes;
}

const images: FuzzTarget = {
  weight: 3,
  input: async (draws) => {
    const seeds = await imageSeeds;
    return mutateBytes(draws.pick(seeds), draws.pick(seeds), draws);
  },
  run: async (bytes, folder) => {
    const { width, height, channels, data } = await decodeImage(fileIn(folder, 'fuzz.img', bytes), 'fuzz.img');
    if (data.length !== width * height * channels)
      throw new Error(`${width}x${height}x${channels} pixels have ${data.length} bytes`);
  },
};

const boxes: FuzzTarget = {
  weight: 8,
  input: (draws) => {
    const seed = draws.pick(boxSeeds);
    return Buffer.concat([
      Buffer.from(`${seed.kind}\n`),
      draws.chance(0.3)
        ? mutateBytes(Buffer.from(seed.text), Buffer.from(draws.pick(boxSeeds).text), draws)
        : mutateText(seed.text, draws.pick(boxSeeds).text, draws),
    ]);
  },
  run: async (bytes, folder) => {
    const end = bytes.indexOf(10);
    const text = utf8(bytes.subarray(end + 1));
    const path = fileIn(folder, 'a.png', pngFile([1, 2], { width: 2, height: 1 }));
    switch (utf8(bytes.subarray(0, end))) {
      case 'voc':
        return vocObjects(text, 'fuzz.xml');
      case 'yaml':
        return namesInYaml(text) !== null;
      case 'yolo':
        return yoloBoxes(text, {
          path: 'fuzz.txt',
          size: { width: 640, height: 480 },
          format: { hasKeyPoints: false },
        });
      default: {
        const labelsPath = fileIn(folder, 'coco.json', bytes.subarray(end + 1));
        sameElements(bytes.subarray(end + 1));
        return loadImageSet({ path, labelsPath });
      }
    }
  },
};

/** Whatever JSON.parse reads, the reader of elements reads, with the same annotations. */
function sameElements(bytes: Uint8Array): void {
  let whole: unknown;
  try {
    whole = JSON.parse(utf8(bytes));
  } catch {
    return;
  }
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return;
  const found: unknown[] = [];
  const reader = new ElementReader({ annotations: (element) => found.push(element) });
  let keys: ReadonlySet<string>;
  try {
    for (let at = 0; at < bytes.length; at += 7) reader.read(Buffer.from(bytes.subarray(at, at + 7)));
    keys = reader.finish();
  } catch (error) {
    // A key that is given twice is refused, and JSON.parse takes the last one.
    if (error instanceof JsonFileError && error.message.includes('twice')) return;
    throw error;
  }
  const wanted = (whole as { annotations?: unknown }).annotations;
  const isSame = JSON.stringify(found) === JSON.stringify(Array.isArray(wanted) ? wanted : []);
  // With a repeated key, the last value need not be the list that was read.
  if (!isSame && keys.has('annotations') === Array.isArray(wanted))
    throw new Error('The elements of a JSON file differ from those that JSON.parse finds');
}

const maskSeeds = [
  pngFile([0, 1, 2, 3, 4, 5], { width: 3, height: 2, colourType: 3 }),
  pngFile([0, 1, 1, 0, 1, 1], { width: 3, height: 2, depth: 1 }),
  pngFile([0, 300, 2, 3, 4, 5], { width: 3, height: 2, depth: 16, filter: 1 }),
];

const masks: FuzzTarget = {
  weight: 3,
  input: (draws) => mutateBytes(draws.pick(maskSeeds), draws.pick(maskSeeds), draws),
  run: async (bytes) => {
    try {
      const { width, height, data } = await decodePngIndices(Buffer.from(bytes));
      if (data.length !== width * height) throw new Error(`${width}x${height} pixels have ${data.length} indices`);
      return true;
    } catch (error) {
      if (error instanceof PngError) return false;
      throw error;
    }
  },
};

export const TARGETS_BY_NAME: ReadonlyMap<string, FuzzTarget> = new Map(
  Object.entries({
    onnx: onnxBytes,
    graph: onnxGraph,
    cache,
    project,
    index,
    histogram,
    npy,
    labels,
    boxes,
    masks,
    run,
    images,
    ...shardTargets,
  }),
);

/** Makes the folder that `run` may write into. */
export function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
