import { resolve } from 'node:path';
import { formatCountOf } from '../../../src-shared/base/units';
import { SHARDED_KINDS } from '../../../src-shared/contract/job-specs';
import { defineCommand, EXIT_OK, present } from '../command';
import { choice } from '../options';
import { printCalibration } from './calibrate';
import { printSensitivity } from './sensitivity';
import { printValidation } from './validate';

export const merge = defineCommand({
  name: 'merge',
  summary: 'put the shards of a calibration, validation, sensitivity or search together',
  positionals: ['PROJECT', '[SHARDS...]'],
  options: {
    of: choice('KIND', SHARDED_KINDS, `kind of shards, if there are several: ${SHARDED_KINDS.join(', ')}`),
  },
  details:
    'SHARDS are files that --shard I/N wrote, here or on another machine, folders that contain such files, or other ' +
    'projects with shards (default: those of the project itself). Every shard must be there once, with its second file ' +
    '(.json). The result is that of one process; of a search, the ranking of layers is put together and calib search ' +
    'continues from it.',
  async run({ of }, [project = '', ...shards], context) {
    const merged = await context.runJob({
      kind: 'merge',
      projectPath: resolve(project),
      shardPaths: shards.map((path) => resolve(path)),
      ...present({ of }),
    });
    switch (merged.of) {
      case 'calibrate':
        printCalibration(merged.result, context);
        break;
      case 'validate':
        printValidation(merged.result, context);
        break;
      case 'sensitivity':
        printSensitivity(merged.result, context);
        break;
      case 'search':
        context.print(merged.result, ({ trials }) => [
          `${formatCountOf(trials, 'model')} were tried; calib search continues from here`,
        ]);
        break;
    }
    return EXIT_OK;
  },
});
