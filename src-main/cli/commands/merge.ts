import { resolve } from 'node:path';
import { defineCommand, EXIT_OK } from '../command';
import { printCalibration } from './calibrate';

export const merge = defineCommand({
  name: 'merge',
  summary: 'merge the shards of a calibration',
  positionals: ['PROJECT', 'SHARD.bin...'],
  options: {},
  details: 'SHARD.bin is a file that calib calibrate --shard I/N wrote, here or on another machine.',
  async run(_values, [project = '', ...shards], context) {
    const result = await context.runJob({
      kind: 'merge',
      projectPath: resolve(project),
      shardPaths: shards.map((path) => resolve(path)),
    });
    printCalibration(result, context);
    return EXIT_OK;
  },
});
