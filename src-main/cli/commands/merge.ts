import { resolve } from 'node:path';
import { EXIT_OK, parseFlags, type Command } from '../command';
import { printCalibration } from './calibrate';

export const merge: Command = {
  name: 'merge',
  summary: 'puts shards of a calibration together',
  usage:
    'Usage: calib merge PROJECT SHARD.bin... [--json]\n  SHARD.bin is a file that calib calibrate --shard I/N wrote, here or on another machine',
  async run(argv, context) {
    const { values, positionals } = parseFlags(
      argv,
      {},
      { min: 2, max: Number.POSITIVE_INFINITY, names: 'PROJECT SHARD.bin...' },
    );
    const [project = '', ...shards] = positionals;
    const result = await context.runJob({
      kind: 'merge',
      projectPath: resolve(project),
      shardPaths: shards.map((path) => resolve(path)),
    });
    printCalibration(result, values.json === true, context);
    return EXIT_OK;
  },
};
