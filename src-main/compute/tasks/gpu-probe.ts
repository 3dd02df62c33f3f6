/**
 * Entry point of a process that tries one of ONNX Runtime's GPU providers with two tiny models. A driver that crashes
 * or hangs affects this process only. It reads {@link OrtGpu} as JSON from its first argument and sends one
 * {@link FromGpuProbe}.
 */
import { execFileSync } from 'node:child_process';
import { parse } from '../../../src-shared/base/schema';
import { OrtSession } from '../../backends/ort-session';
import { ortGpuSchema, type OrtGpu } from '../../backends/runnable-variant';
import { cudaDevices } from '../../backends/tensorrt/runtime';
import { DataType } from '../../onnx/graph/model';
import { floatTensor, intAttr, makeModel, makeNode, makeValueInfo } from '../../onnx/graph/make';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { loadAddon } from '../../backends/addon';

export type FromGpuProbe =
  | { readonly type: 'found'; readonly device: string; readonly hasFp16: boolean }
  | { readonly type: 'failed'; readonly reason: string };

const SHAPE = [1, 2, 4, 4];
const SIZE = 32;

/** y = 2 x + 1 as a convolution, computed in FP16 or FP32. */
function probeModel(isFp16: boolean): Uint8Array {
  const cast = (from: string, to: string, type: number) =>
    makeNode('Cast', [from], [to], { name: `to_${to}`, attributes: [intAttr('to', type)] });
  const names = isFp16 ? { x: 'xh', w: 'wh', b: 'bh', y: 'yh' } : { x: 'x', w: 'w', b: 'b', y: 'y' };
  const conv = makeNode('Conv', [names.x, names.w, names.b], [names.y], { name: 'conv' });
  const half = [
    cast('x', 'xh', DataType.FLOAT16),
    cast('w', 'wh', DataType.FLOAT16),
    cast('b', 'bh', DataType.FLOAT16),
  ];
  return encodeModel(
    makeModel(
      {
        name: 'probe',
        node: isFp16 ? [...half, conv, cast('yh', 'y', DataType.FLOAT)] : [conv],
        initializer: [floatTensor('w', [2, 2, 1, 1], [2, 0, 0, 2]), floatTensor('b', [2], [1, 1])],
        input: [makeValueInfo('x', DataType.FLOAT, SHAPE)],
        output: [makeValueInfo('y', DataType.FLOAT, SHAPE)],
        valueInfo: [],
      },
      17,
    ),
  );
}

/** @throws when the provider cannot open or run the model, or computes a wrong result. */
async function tryModel(gpu: OrtGpu, isFp16: boolean): Promise<void> {
  const session = await OrtSession.open({
    model: probeModel(isFp16),
    weightsDir: null,
    threads: 1,
    simulate: false,
    hasFp16: isFp16,
    gpu,
  });
  try {
    const values = Float32Array.from({ length: SIZE }, (_, i) => i / 8);
    const [output] = await session.run([{ name: 'x', dtype: 'float32', dims: SHAPE, data: values }]);
    const wrong = values.findIndex((value, i) => output?.data?.[i] !== 2 * value + 1);
    if (wrong >= 0) throw new Error(`it computed 2 × ${values[wrong]} + 1 = ${output?.data?.[wrong]}`);
  } finally {
    await session.close();
  }
}

const VULKAN_ORDER = ['discrete', 'integrated', 'virtual', 'other', 'cpu'];

function deviceName({ provider, device }: OrtGpu): string {
  if (provider === 'cuda') return cudaName(device) ?? nvidiaSmiName(device) ?? `NVIDIA GPU ${device}`;
  const [best] = [...loadAddon().vulkanDevices()].sort(
    (a, b) => VULKAN_ORDER.indexOf(a.kind) - VULKAN_ORDER.indexOf(b.kind),
  );
  return best?.name ?? 'GPU of the system';
}

/** undefined without a TensorRT addon, which the provider does not need. */
function cudaName(device: number): string | undefined {
  try {
    return cudaDevices()[device]?.name;
  } catch {
    return undefined;
  }
}

/**
 * nvidia-smi numbers all GPUs by PCI bus, while CUDA numbers the visible ones with the fastest first. The name is
 * therefore known only if all GPUs have the same one.
 */
function nvidiaSmiName(device: number): string | undefined {
  try {
    const names = execFileSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((name) => name.trim());
    return new Set(names).size === 1 && device < names.length ? names[0] : undefined;
  } catch {
    return undefined; // nvidia-smi is not installed.
  }
}

async function probe(gpu: OrtGpu): Promise<FromGpuProbe> {
  try {
    await tryModel(gpu, false);
  } catch (error) {
    return { type: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
  const hasFp16 = await tryModel(gpu, true).then(
    () => true,
    () => false,
  );
  return { type: 'found', device: deviceName(gpu), hasFp16 };
}

const answer = await probe(parse(ortGpuSchema, JSON.parse(process.argv[2] ?? '')));
process.send?.(answer, () => process.exit(0));
