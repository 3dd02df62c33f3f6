import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import { PACKAGE_BACKENDS, PACKAGE_KINDS } from '../../../src-shared/domain/packages/manifest';
import { defineCommand, EXIT_OK, present } from '../command';
import { choice, realNumber, text, wholeNumber } from '../options';
import { threadsOption } from '../shared-options';

const SERVING = { group: 'Serving (Triton; --max-batch also for DeepStream):' };

export const packageCommand = defineCommand({
  name: 'package',
  summary: 'write a model as a folder that a server or another program loads, with recorded answers',
  positionals: ['PROJECT'],
  usage: '-o OUT [options]',
  options: {
    kind: choice('KIND', PACKAGE_KINDS, 'folder (default), triton, deepstream or openvino, see below'),
    output: text('OUT', 'folder of the package, or of the model repository', { short: 'o' }),
    variant: text('V', 'mixed (default), int8, fp16, fp32, int8-METHOD, ...'),
    backend: choice('B', PACKAGE_BACKENDS, 'ort-cpu (default): an ONNX model; tensorrt: an engine, built on this GPU'),
    images: wholeNumber('N', 'images whose answers are recorded (default: 4)', { min: 1 }),
    device: wholeNumber('N', 'number of the GPU', { min: 0 }),
    batches: {
      value: 'LIST',
      description: 'batch sizes of the engine, for example 1,8; the largest one is the most that Triton joins',
      parse: (given: string) => given.split(',').map(batchSize),
    },
    instances: wholeNumber('N', 'copies of the model that run at the same time (default: 1)', { min: 1, ...SERVING }),
    'max-batch': wholeNumber('N', 'most requests that are joined to one batch (default: 32)', { min: 1, ...SERVING }),
    'queue-delay': wholeNumber('US', 'how long a request waits for others, microseconds (default: 100)', {
      min: 0,
      ...SERVING,
    }),
    p99: {
      ...realNumber(
        'MS',
        'P99 that a request may take: batching and instances follow from the newest run that timed the variant ' +
          '(default: gate maxP99LatencyMs)',
        'a number above 0',
        (value) => value > 0,
      ),
      ...SERVING,
    },
    threads: threadsOption,
  },
  details: `Kinds (docs/packages.md):
  folder      model, manifest.json (preprocessing, task and decoder, class names), record of the calibration, images
              with recorded answers, checksums, and a client in Python and Node that repeats the answers
  triton      a model in a repository of Triton; engines in OUT/cc-COMPUTE_CAPABILITY
  deepstream  model, calibration cache and configuration for nvinfer (TensorRT 10 or older)
  openvino    a model for OpenVINO Model Server
calib replay PACKAGE checks every kind.`,
  async run(values, [project = ''], { runJob, print, note }) {
    if (values.output === undefined) throw new WorkbenchError('usage', 'Expected -o OUT');
    const tensorrt = present({ device: values.device, batches: values.batches });
    const result = await runJob({
      kind: 'package',
      projectPath: resolve(project),
      packageKind: values.kind ?? 'folder',
      variant: values.variant ?? 'mixed',
      backend: values.backend ?? 'ort-cpu',
      outPath: resolve(values.output),
      images: values.images ?? 4,
      ...(Object.keys(tensorrt).length === 0 ? {} : { tensorrt }),
      ...present({
        threads: values.threads,
        instances: values.instances,
        maxBatch: values['max-batch'],
        queueDelayUs: values['queue-delay'],
        p99LimitMs: values.p99,
      }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    print(result, ({ out, variant, files, samples }) => [
      `${out}: ${variant}, ${formatCountOf(files.length, 'file')}, answers to ${formatCountOf(samples, 'image')}`,
    ]);
    return EXIT_OK;
  },
});

function batchSize(given: string): number {
  const size = Number(given.trim());
  if (Number.isInteger(size) && size > 0) return size;
  throw new WorkbenchError('usage', `Expected --batches to list whole numbers above 0, found "${given}"`);
}
