import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { DataType, type Model } from '../../src-main/onnx/graph/model';
import { floatTensor, int64Tensor, intsAttr, makeModel, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import { createRandom } from './random';

export interface TinyModelOptions {
  /** A number fixes the batch. */
  readonly batch?: number;
  readonly channels?: number;
}

const SIDE = 16;
const WIDTH = 16;
export const TINY_CLASSES = 3;

/** Conv(3->16)-Relu-Conv(16->16)-Relu-GlobalAveragePool-Reshape-Gemm(16->3), seeded random weights, 16x16 input. */
export function tinyModel(options: TinyModelOptions = {}): Model {
  const batch = options.batch ?? 'N';
  const channels = options.channels ?? 3;
  const random = createRandom(7);
  const weights = (count: number, scale: number): number[] =>
    Array.from({ length: count }, () => (random() * 2 - 1) * scale);
  const pads = { attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1])] };
  return makeModel(
    {
      name: 'tiny',
      node: [
        makeNode('Conv', ['input', 'w0', 'b0'], ['c0'], { name: 'conv0', ...pads }),
        makeNode('Relu', ['c0'], ['r0'], { name: 'relu0' }),
        makeNode('Conv', ['r0', 'w1'], ['c1'], { name: 'conv1', ...pads }),
        makeNode('Relu', ['c1'], ['r1'], { name: 'relu1' }),
        makeNode('GlobalAveragePool', ['r1'], ['pool'], { name: 'pool' }),
        makeNode('Reshape', ['pool', 'flat'], ['features'], { name: 'flatten' }),
        makeNode('Gemm', ['features', 'w2', 'b2'], ['logits'], { name: 'head' }),
      ],
      initializer: [
        floatTensor('w0', [WIDTH, channels, 3, 3], weights(WIDTH * channels * 9, 0.5)),
        floatTensor('b0', [WIDTH], weights(WIDTH, 0.1)),
        floatTensor('w1', [WIDTH, WIDTH, 3, 3], weights(WIDTH * WIDTH * 9, 0.2)),
        int64Tensor('flat', [2], [-1, WIDTH]),
        floatTensor('w2', [WIDTH, TINY_CLASSES], weights(WIDTH * TINY_CLASSES, 1)),
        floatTensor('b2', [TINY_CLASSES], [0, 0, 0]),
      ],
      input: [makeValueInfo('input', DataType.FLOAT, [batch, channels, SIDE, SIDE])],
      output: [makeValueInfo('logits', DataType.FLOAT, [batch, TINY_CLASSES])],
      valueInfo: [],
    },
    17,
  );
}

export async function writeTinyModel(path: string, options: TinyModelOptions = {}): Promise<void> {
  await writeModel(tinyModel(options), path);
}

/** `count` seeded random PNGs in GROUP/LABEL folders, groups day and night (darker), labels a, b, c in turn. */
export async function writeTinyImages(dir: string, count: number, seed = 1): Promise<void> {
  const random = createRandom(seed);
  for (let i = 0; i < count; i++) {
    const group = i % 2 === 0 ? 'day' : 'night';
    const folder = join(dir, group, 'abc'[i % TINY_CLASSES] ?? 'a');
    mkdirSync(folder, { recursive: true });
    const brightness = group === 'day' ? 255 : 90;
    const pixels = Buffer.from(Array.from({ length: SIDE * SIDE * 3 }, () => Math.floor(random() * brightness)));
    await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toFile(join(folder, `${String(i).padStart(4, '0')}.png`));
  }
}
