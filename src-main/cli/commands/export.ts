import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { EXIT_OK, oneOf, parseFlags, toJson, type Command } from '../command';

const FORMATS = ['triton', 'trt-cache', 'report'] as const;

export const exportCommand: Command = {
  name: 'export',
  summary: 'writes a Triton model repository, a TensorRT calibration cache or the newest report',
  usage: `Usage: calib export PROJECT --format ${FORMATS.join('|')} -o OUT [--json]
  triton      folder: a model repository with the project's mixed variant for ONNX Runtime
  trt-cache   file: the thresholds in use as a calibration cache (TensorRT up to 10), with all of TensorRT's names after
              calib calibrate --tensorrt-grid BATCH
  report      file: the HTML report of the newest run`,
  async run(argv, { api, note, print }) {
    const { values, positionals } = parseFlags(
      argv,
      { format: { type: 'string' }, output: { type: 'string', short: 'o' } },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const format = oneOf('--format', values.format, FORMATS);
    if (format === undefined) throw new WorkbenchError('usage', `Expected --format ${FORMATS.join('|')}`);
    if (values.output === undefined) throw new WorkbenchError('usage', 'Expected -o OUT');
    const result = await api.exportProject({
      projectPath: resolve(positionals[0] ?? ''),
      format,
      outPath: resolve(values.output),
    });
    for (const warning of result.warnings ?? []) note(`warning: ${warning.message}`);
    print(values.json ? toJson(result) : result.files.join('\n'));
    return EXIT_OK;
  },
};
