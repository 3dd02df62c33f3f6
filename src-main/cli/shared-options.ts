import { WorkbenchError } from '../../src-shared/base/errors';
import { BACKENDS, TARGETS, type BackendId } from '../../src-shared/domain/project/precision';
import type { DeviceRecord } from '../../src-shared/domain/runs/run-record';
import type { ShapeProfile } from '../../src-shared/domain/engines/shape-profiles';
import type { TensorrtOptions } from '../../src-shared/domain/engines/tensorrt-options';
import type { ImageSize } from '../../src-shared/domain/project/image-set';
import { parseSize, type PreprocessingFlag, type SizeFlag } from '../calibration/preprocessing/preprocess-flags';
import { present } from './command';
import { parseShapeProfiles } from './profiles-option';
import {
  choice,
  flag,
  parseWholeNumber,
  realNumber,
  text,
  wholeNumber,
  wholeNumbers,
  type OptionSpec,
  type OptionValues,
} from './options';

const MAX_DEVICE = 1023;
export const MAX_BATCH = 65_536;
const MAX_THREADS = 256;
export const TENSORRT = { group: 'Options of backend tensorrt:' };

export const targetOption = choice('T', TARGETS, `${TARGETS.join(', ')} (default: the target of the project)`);
export const threadsOption = wholeNumber('N', 'number of threads (default: one per core)', {
  min: 1,
  max: MAX_THREADS,
});
export const activationsOption = choice(
  'TYPE',
  ['int8', 'uint8'],
  'int8 (default), or uint8 for asymmetric activations (only for target onnxruntime)',
);
export const memoryLimitOption = realNumber(
  'GB',
  'memory that the work may take: it decides how many workers start, after the first one has shown what it takes ' +
    '(default: the free memory)',
  'gigabytes above 0 (4 or 0.5, for example)',
  (gigabytes) => gigabytes > 0,
);

/** A limit on the number of images; `of` describes the images. */
export function limitOption(of: string): OptionSpec<number> {
  return wholeNumber('N', `use only N ${of}, spread evenly over a folder`, { min: 1 });
}

/** Options of the commands that build one variant or several. */
export const BUILD_OPTIONS = {
  backend: choice('B', BACKENDS, `${BACKENDS.join(', ')} (default: ort-cpu)`),
  threads: threadsOption,
  batches: wholeNumbers(
    'LIST',
    'batch sizes to time (default: 1); with tensorrt, each gets an optimization profile; validation on a GPU ' +
      'uses the largest',
    { min: 1, max: MAX_BATCH },
  ),
  'opt-size': size(
    'opt-size',
    'usual size of images, if it depends on the image (default: median of the calibration set)',
  ),
  'min-size': size('min-size', 'smallest size of images that engines take (default: of the image sets)', TENSORRT),
  'max-size': size('max-size', 'largest size of images that engines take (default: of the image sets)', TENSORRT),
  profiles: {
    value: 'LIST',
    description:
      'shapes that engines take, INPUT=MIN:OPT:MAX (images=1x3x224x224:8x3x320x320:16x3x640x640): a comma before the ' +
      'next input, a semicolon before the next profile (default: one profile for each batch size)',
    ...TENSORRT,
    parse: (given) => parseShapeProfiles(given),
  } satisfies OptionSpec<readonly ShapeProfile[]>,
  device: wholeNumber('N', 'GPU of tensorrt or ort-cuda, counted from 0', { min: 0, max: MAX_DEVICE }),
  workspace: wholeNumber('MIB', 'limit of scratch memory (default: all memory of the GPU)', { min: 16, ...TENSORRT }),
  'optimization-level': wholeNumber('N', 'from 0 to 5 (default: 3)', { min: 0, max: 5, ...TENSORRT }),
  'auxiliary-streams': wholeNumber('N', 'number of auxiliary streams (default: TensorRT decides)', {
    min: 0,
    max: 64,
    ...TENSORRT,
  }),
  'version-compatible': flag('build engines that later versions of TensorRT load, too', TENSORRT),
  'int8-inputs': flag('INT8 variants take INT8 inputs with the calibrated scale (target tensorrt)'),
  'fp16-outputs': flag('build engines whose floating-point outputs are FP16', TENSORRT),
  tf32: flag('allow TF32 in FP32 layers', TENSORRT),
  streams: wholeNumbers(
    'LIST',
    'numbers of inferences at the same time to time, with tensorrt or openvino (default: 1)',
    {
      min: 1,
      max: 64,
    },
  ),
  'no-cuda-graph': flag('run the benchmark without a CUDA graph', TENSORRT),
  transfers: flag('include the copies of inputs and outputs in the latency', TENSORRT),
} as const;

/** Options of the commands that run variants. */
export const VARIANT_OPTIONS = {
  variants: variantsOption(),
  target: targetOption,
  activations: activationsOption,
  ...BUILD_OPTIONS,
  implicit: flag('TensorRT 10: FP32 model, calibration cache and layer precisions instead of Q/DQ', TENSORRT),
} as const;

function size(flag: SizeFlag, description: string, details: { readonly group?: string } = {}): OptionSpec<ImageSize> {
  return { value: 'WxH', description, ...details, parse: (given) => parseSize(flag, given) };
}

function variantsOption(): OptionSpec<readonly string[]> {
  const parse = (given: string): readonly string[] => {
    const names = given
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (names.length === 0)
      throw new WorkbenchError('usage', 'Expected --variants to name at least one variant, for example fp32,int8', {
        hint: 'Leave it out for the usual ones.',
      });
    return names;
  };
  return {
    value: 'LIST',
    description:
      'fp32, fp16, int8, mixed, int8-METHOD and mixed-METHOD, separated by commas; as questions also fp8, w4 (INT4 ' +
      'weights) and pruned copies such as fp16-sparse',
    parse,
  };
}

export const tuneOption = flag(
  'mixed is the fastest placement on this GPU, see calib tune (the project keeps its own plan)',
);

/**
 * The part of a job's specification that VARIANT_OPTIONS give.
 * @param usualBackend the backend if --backend is not given
 * @throws WorkbenchError usage if an option of another backend is given
 */
export function variantSpec(values: OptionValues<typeof VARIANT_OPTIONS>, usualBackend: BackendId = 'ort-cpu') {
  const backend = values.backend ?? usualBackend;
  const unused = Object.entries(VARIANT_OPTIONS)
    .filter(([name, spec]) => 'group' in spec && spec.group === TENSORRT.group && name in values)
    .map(([name]) => `--${name}`);
  if (backend !== 'tensorrt' && unused.length > 0)
    throw new WorkbenchError('usage', `Only the backend tensorrt takes ${unused.join(', ')}; found ${backend}`, {
      hint: 'Add --backend tensorrt, or leave them out.',
    });
  if (backend.startsWith('ort-') && values.streams?.some((count) => count > 1))
    throw new WorkbenchError('usage', `Only tensorrt and openvino take --streams above 1; found ${backend}`, {
      hint: 'Add --backend openvino or tensorrt, or leave it out: ONNX Runtime is timed with one inference at a time.',
    });
  const tensorrt = tensorrtOptions(values);
  return present({
    variants: values.variants,
    backend: values.backend,
    target: values.target,
    threads: values.threads,
    activationType: values.activations,
    tensorrt: Object.keys(tensorrt).length === 0 ? undefined : tensorrt,
  });
}

function tensorrtOptions(values: OptionValues<typeof VARIANT_OPTIONS>): Partial<TensorrtOptions> {
  return present({
    batches: values.batches,
    minSize: values['min-size'],
    optSize: values['opt-size'],
    maxSize: values['max-size'],
    profiles: values.profiles,
    device: values.device,
    typing: values.implicit ? ('implicit' as const) : undefined,
    workspaceMib: values.workspace,
    optimizationLevel: values['optimization-level'],
    auxiliaryStreams: values['auxiliary-streams'],
    versionCompatible: values['version-compatible'],
    int8Inputs: values['int8-inputs'],
    fp16Outputs: values['fp16-outputs'],
    tf32: values.tf32,
    streams: values.streams,
    cudaGraph: values['no-cuda-graph'] ? false : undefined,
    transfers: values.transfers,
  });
}

/** Options of the commands that work on several GPUs. */
export const DEVICES_OPTIONS = {
  devices: {
    value: 'LIST',
    description: 'several GPUs (0,1 or all), one after the other; GPUs of the same kind share their engines',
    parse: (given, name) =>
      given === 'all' ? given : given.split(',').map((part) => parseWholeNumber(name, part.trim(), 0, MAX_DEVICE)),
  } satisfies OptionSpec<'all' | readonly number[]>,
  parallel: flag('use all of them at the same time; builds of different kinds then slow each other down'),
} as const;

/**
 * The part of a job's specification that DEVICES_OPTIONS give.
 * @throws WorkbenchError usage
 */
export function devicesSpec(values: OptionValues<typeof DEVICES_OPTIONS & Pick<typeof VARIANT_OPTIONS, 'device'>>) {
  if (values.devices === undefined) {
    if (values.parallel) throw new WorkbenchError('usage', '--parallel needs --devices');
    return {};
  }
  if (values.device !== undefined) throw new WorkbenchError('usage', 'Expected --device or --devices, found both');
  return { devices: values.devices, ...present({ isParallel: values.parallel }) };
}

/** A GPU as tables name it: `0 NVIDIA H200`. */
export function deviceText(device: DeviceRecord | undefined): string {
  return device === undefined ? '' : `${device.index} ${device.name}`;
}

const PREPROCESSING = {
  group: 'Preprocessing, x = (pixel * scale - mean) / std (default: guessed from the model):',
};

/** The preprocessing of images. The values are parsed by parsePreprocessingFlags. */
export const PREPROCESSING_OPTIONS = {
  resize: text('WxH', 'resize to this size (stretch)', PREPROCESSING),
  'resize-short': text('N', 'resize so that the short side has N pixels', PREPROCESSING),
  'resize-long': text(
    'N',
    'resize so that the long side has N pixels and pad to a multiple; the size depends on the image, so that the ' +
      'model must leave height and width open',
    PREPROCESSING,
  ),
  multiple: text('M', 'sides after --resize-long are multiples of M (default: 32)', PREPROCESSING),
  crop: text('WxH|N', 'crop the centre', PREPROCESSING),
  'crop-rounding': text(
    'HOW',
    'half of an odd crop margin: half-even rounds to the even number, as torchvision does (default); down rounds down',
    PREPROCESSING,
  ),
  letterbox: text('WxH', 'resize to fit and fill the rest', PREPROCESSING),
  'letterbox-align': text(
    'WHERE',
    'place of the image in a letterbox: top-left (default; YOLOX) or center (YOLOv5 and its successors)',
    PREPROCESSING,
  ),
  pad: text('V', 'pixel value that fills the rest of a letterbox (default: 114)', PREPROCESSING),
  order: text('ORDER', 'order of the colour channels: rgb, bgr or gray', PREPROCESSING),
  scale: text('X', 'factor of pixel values; a fraction such as 1/255 is allowed', PREPROCESSING),
  mean: text('A,B,C', 'mean that is subtracted, one number or one per channel', PREPROCESSING),
  std: text('A,B,C', 'standard deviation to divide by, one number or one per channel', PREPROCESSING),
  layout: text('LAYOUT', 'nchw or nhwc', PREPROCESSING),
  orientation: text(
    'HOW',
    'apply turns images as their EXIF data says; ignore (the default) does not, as Pillow when it opens a file',
    PREPROCESSING,
  ),
} as const satisfies Readonly<Record<PreprocessingFlag, OptionSpec<string>>>;
