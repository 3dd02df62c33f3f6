import { fillMessage } from './message';

/**
 * What to do about an error, in the words of the command line, by id. The graphical interface has its own words for
 * each id (src-renderer/i18n/messages/advice.ts), so that it never quotes commands. `{name}` is filled with a value of
 * the advice.
 */
const COMMAND_LINE_ADVICE = {
  'add-validation-set': 'Add --validation DIR.',
  'allow-metric': 'Read it; if you trust it, run: calib set PROJECT --allow-metric',
  'batch-of-model': 'Leave --batch and --batches out, or export the model with a dynamic batch.',
  'batches-of-engine': 'Name the batch sizes in --batches, or the shapes in --profiles.',
  'bias-correction-images': 'Add images, or switch it off: calib set {project} --bias-correction off',
  'tensorrt-headers-only':
    'The code for TensorRT {version} was tested against its headers and a stand-in of the library, not on a GPU: ' +
    'compare its engines with those of TensorRT 10 before you ship them.',
  'shapes-of-engine': 'Give the shapes in --profiles, or export the model with this size fixed.',
  'shapes-of-model': 'The model takes {shapes}. Correct --profiles.',
  'list-runs': 'calib history lists the recorded runs.',
  'lock-toolchain':
    'Use the locked toolchain, or lock the project to this one: calib toolchain PROJECT --policy refuse',
  calibrate: 'Run: calib calibrate {project}',
  'calibrate-again': 'The file of histograms is damaged: run `calib calibrate` again.',
  'calibrate-fresh': 'Calibrate again from the first image: calib calibrate PROJECT --fresh',
  'check-preprocessing':
    'The model itself overflows or divides by zero on this preprocessing: check --scale, --mean and --std, ' +
    'then the weights before that tensor.',
  'choose-auto': 'Choose them first: calib auto PROJECT',
  'choose-input-size':
    'The model leaves the size of "{input}" open, but does not run at every size: choose the size that it was made ' +
    'for with `calib init MODEL --input-size WxH`, or in a project with calib set PROJECT --resize WxH.',
  'choose-shard-kind': 'Name one kind with --of, for example --of calibrate.',
  'choose-onnxruntime': 'Add --target onnxruntime to benchmark what ONNX Runtime runs.',
  'choose-other-method': 'Choose another method first: calib set PROJECT --method mse',
  'clear-threshold': 'Clear it first: calib set PROJECT --tensor "{tensor}" --clear',
  'continue-shard': 'Run the same command again, with the same --shards folder: it continues.',
  'collect-grid':
    "Collect TensorRT's grid first: calib calibrate PROJECT --tensorrt-grid BATCH (the batch that its " +
    'calibrator would get).',
  'collect-grid-again': 'Collect it again: calib calibrate PROJECT --tensorrt-grid BATCH --fresh',
  'collect-grid-of-all-tensors':
    'A tensor has no range in the calibration cache: calibrate with --tensorrt-grid, so that the cache names ' +
    'every tensor.',
  'collect-shards-alike': 'Collect all shards with the same --tensorrt-grid BATCH, or all without it.',
  'collect-shards-of-one-list': 'Collect all shards with the same list and the same --tensorrt-grid BATCH.',
  'decide-task':
    'Decide the task, so that its answers (boxes, for example) are compared: calib set PROJECT --task detection',
  'device-from-zero': '--device counts from 0.',
  'devices-from-zero': '--devices counts from 0.',
  'device-list': '--device counts from 0: {devices}',
  'find-smoothing': 'Find them again: calib set {project} --smoothing on. Without them: --smoothing off',
  'free-gpu-memory': 'Free memory of the GPU (nvidia-smi lists who holds it), lower --workspace or the batch.',
  'import-cache': 'Run: calib import PROJECT FILE.cache',
  'import-cache-of-tensor': 'Import a cache that names it: calib import PROJECT FILE.cache',
  'install-driver': 'Install the NVIDIA driver; nvidia-smi must list the GPU. `calib doctor` shows what is found.',
  'install-openvino':
    'Install OpenVINO (pip install openvino), or name the folder of libopenvino_c.so in {variable}; docs/adapters.md ' +
    'says how, `calib doctor` shows what is found.',
  'install-tensorrt':
    'Install TensorRT 10 or 11 (apt, tar or pip install tensorrt), or name its folder in {variable}; ' +
    'docs/gpu.md says how, `calib doctor` shows what is found.',
  'keep-in-fp32':
    'Keep this layer in FP32 and write the model again: calib set PROJECT --layer "{layer}" --precision fp32',
  'keep-some-in-fp32':
    'Keep the layers that the message is about in FP32 and write the model again: calib set PROJECT --layer ' +
    '"LAYER" --precision fp32',
  'learn-thresholds': 'Learn them first: calib repair PROJECT --learn',
  'leave-variants-out': 'Leave these variants out with --variants.',
  'leave-variants-out-or-onnxruntime':
    'Leave these variants out with --variants; the target onnxruntime needs FP16 only where the plan asks for it.',
  'list-layers': '`calib inspect MODEL` lists its layers.',
  'list-layers-of-project': '`calib quantize PROJECT --explain` lists the layers.',
  'list-tensors': '`calib thresholds PROJECT` lists the tensors.',
  'make-project': 'Make one with `calib init MODEL --calibration DIR`.',
  'make-project-again': 'Restore the file from a backup, or make the project again with `calib init`.',
  'make-project-for-model': 'Put the old model back, or make a new project for the new one with `calib init`.',
  'move-model': 'If it was moved: calib set PROJECT --model PATH',
  'name-metric': 'Name it: calib set PROJECT --metric FILE.mjs, or --metric-command COMMAND',
  'name-input-source':
    'Name its source: --input {input}=value:V (a number), npz:FIELD (an array of .npz files), images, original-size, ' +
    'original-size-wh, resized-size, scale-factor or pixel-mask.',
  'name-profile': 'A dynamic input has no profile: name the batch sizes with --batches.',
  'name-project': 'Name the folder that `calib init` made (NAME.calib).',
  'name-sets':
    'Check the path. A project is given others with: calib set PROJECT --calibration DIR or --validation DIR',
  'name-shard': '`calib calibrate --shard I/N` prints where it writes one.',
  'name-validation-set': 'Name one: calib set PROJECT --validation DIR',
  'raise-memory-limit': 'Allow more than {size} with --memory-limit, or choose a smaller input size.',
  'raise-workspace':
    'TensorRT has no kernel for the layer that is named: set the layers that read it to fp16, or raise --workspace.',
  'repeat-shard':
    'Run every shard that is named again, with the same project and options; finished shards are not repeated. Copy both ' +
    'files of each.',
  'run-first': 'Run: calib run {project}',
  'set-threshold': 'Set one: calib set PROJECT --tensor NAME --threshold X',
  'set-threshold-of': 'Set one: calib set PROJECT --tensor "{tensor}" --threshold X',
  'show-machine': '`calib doctor` lists what this machine can run.',
  'start-again':
    'Start the step again: finished images are kept. If it happens again with SIGKILL the machine may be out ' +
    'of memory: use fewer --threads.',
  'switch-repairs-off':
    'Leave --implicit out, or switch the repairs off: ' +
    'calib set {project} --equalization off --smoothing off --bias-correction off',
  'switch-rescaling-off': 'Switch it off first: calib set {project} --equalization off --smoothing off',
  'use-crop': 'Use --crop {size}.',
  'use-fewer-images': 'Use fewer images: --limit {images}.',
  'use-larger-letterbox': 'Use --letterbox {size} or larger.',
  'use-larger-resize': 'Use --resize {size} or larger.',
  'use-layout': 'Use --layout {layout}.',
  'use-letterbox-or-crop': 'Use --letterbox {size}, or add --crop {size}.',
  'use-method-for-all': 'Add images, or use one method for all tensors: calib set PROJECT --method mse',
  'use-order-colour': 'Use --order rgb or --order bgr.',
  'use-order-gray': 'Use --order gray.',
  'use-plain-pixels': 'Use --scale 1, and leave --mean and --std out.',
  'use-resize-or-crop': 'Use --resize {size}, or add --crop {size}.',
  'use-short-side': 'Use --resize-short {side} or more.',
  'validate-fp32':
    'Check the preprocessing (scale, mean, std), and the model in FP32: calib validate PROJECT --variants fp32',
  'without-cuda-graph': 'Add --no-cuda-graph.',
} as const;

export type AdviceId = keyof typeof COMMAND_LINE_ADVICE;

export const ADVICE_IDS = Object.keys(COMMAND_LINE_ADVICE) as readonly AdviceId[];

/** What to do about an error, as data: the command line and the graphical interface word it differently. */
export interface Advice {
  readonly id: AdviceId;
  readonly values: Readonly<Record<string, string>>;
}

export function advise(id: AdviceId, values: Readonly<Record<string, string>> = {}): Advice {
  return { id, values };
}

/** The advice in the words of the command line. */
export function commandLineAdvice({ id, values }: Advice): string {
  return fillMessage(COMMAND_LINE_ADVICE[id], values);
}
