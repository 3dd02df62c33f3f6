import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { defineCommand, EXIT_OK } from '../command';
import { choice, text } from '../options';

const FORMATS = ['triton', 'trt-cache', 'report'] as const;

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'write a Triton model repository, a TensorRT calibration cache or the newest report',
  positionals: ['PROJECT'],
  usage: '--format FORMAT -o OUT [options]',
  options: {
    format: choice('FORMAT', FORMATS, FORMATS.join(', ')),
    output: text('OUT', 'file or folder to write', { short: 'o' }),
  },
  details: `Formats:
  triton      folder: a model repository with the mixed variant of the project for ONNX Runtime
  trt-cache   file: the thresholds in use as a calibration cache (TensorRT up to 10), with all names of TensorRT after
              calib calibrate --tensorrt-grid BATCH
  report      file: the HTML report of the newest run`,
  async run({ format, output }, [project = ''], { api, note, print }) {
    if (format === undefined) throw new WorkbenchError('usage', `Expected --format ${FORMATS.join('|')}`);
    if (output === undefined) throw new WorkbenchError('usage', 'Expected -o OUT');
    const result = await api.exportProject({ projectPath: resolve(project), format, outPath: resolve(output) });
    for (const warning of result.warnings ?? []) note(`warning: ${warning.message}`);
    print(result, ({ files }) => files);
    return EXIT_OK;
  },
});
