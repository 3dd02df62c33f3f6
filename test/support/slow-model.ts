import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { DataType } from '../../src-main/onnx/graph/model';
import { floatTensor, intsAttr, makeModel, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';

const CHANNELS = 64;
const KERNEL = 31;
const LAYERS = 50;

/** How many layers of a slow model take this time on one image and one thread of this machine while it is idle. */
export async function slowLayers(seconds: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'calib-slow-'));
  try {
    const path = join(dir, 'one.onnx');
    await writeSlowModel(path, 1);
    const session = await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const image = { input: new Tensor('float32', new Float32Array(3 * 16 * 16), [1, 3, 16, 16]) };
    const times: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const startedAt = performance.now();
      await session.run(image);
      times.push(performance.now() - startedAt);
    }
    await session.release();
    return Math.ceil((1000 * seconds) / Math.min(...times));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * Convolutions with 31x31 kernels: about 2 GFLOP per layer for a 16x16 image.
 * @param count of layers; with the default, an image takes seconds
 */
export async function writeSlowModel(path: string, count = LAYERS): Promise<void> {
  const padding = (kernel: number): { readonly attributes: ReturnType<typeof intsAttr>[] } => ({
    attributes: [
      intsAttr('kernel_shape', [kernel, kernel]),
      intsAttr(
        'pads',
        [kernel, kernel, kernel, kernel].map((side) => (side - 1) / 2),
      ),
    ],
  });
  const layers = Array.from({ length: count }, (_, i) =>
    makeNode('Conv', [`x${i}`, 'w'], [`x${i + 1}`], { name: `conv${i}`, ...padding(KERNEL) }),
  );
  const size = CHANNELS * CHANNELS * KERNEL * KERNEL;
  await writeModel(
    makeModel(
      {
        name: 'slow',
        node: [makeNode('Conv', ['input', 'first'], ['x0'], { name: 'first', ...padding(1) }), ...layers],
        initializer: [
          floatTensor('first', [CHANNELS, 3, 1, 1], Array<number>(CHANNELS * 3).fill(0.3)),
          floatTensor('w', [CHANNELS, CHANNELS, KERNEL, KERNEL], Array<number>(size).fill(1 / (CHANNELS * 256))),
        ],
        input: [makeValueInfo('input', DataType.FLOAT, ['N', 3, 16, 16])],
        output: [makeValueInfo(`x${count}`, DataType.FLOAT, ['N', CHANNELS, 16, 16])],
        valueInfo: [],
      },
      17,
    ),
    path,
  );
}
