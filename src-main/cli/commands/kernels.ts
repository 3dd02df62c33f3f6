import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import {
  chooseTables,
  importKernelTimes,
  mergedTables,
  saveKernelTimes,
  storedTables,
  tableHash,
} from '../../app/variants/kernel-times';
import { userDataDir } from '../../base/user-folders';
import { defineCommand, EXIT_OK } from '../command';
import { text } from '../options';

export const kernels = defineCommand({
  name: 'kernels',
  summary: 'list, import and export the measured times of kernels that placements use',
  positionals: ['[FILES...]'],
  options: {
    export: text('FILE', 'write the table of one GPU: all that this machine has measured or imported'),
    gpu: text('NAME', 'part of the name of the GPU whose table is written (default: the only one)'),
  },
  details: `FILES are tables that other machines exported; they are merged into those of this machine: of two times the
smaller one counts. Tables grow with every calib tune. A new project takes what they know about its layers into its plan:
a layer that is not faster in INT8, with the conversions around it, stays in FP16, and its reason names the times
(calib init --no-kernel-times leaves them out; calib set PROJECT --kernel-times GPU|auto|none changes them later). Tables
that came with the program fill in what this machine has not measured, or count if their GPU is named.`,
  async run(values, files, { print, note, isJson }) {
    const dir = userDataDir();
    const changed = await importKernelTimes(
      dir,
      files.map((file) => resolve(file)),
    );
    if (!isJson && changed.length > 0) note(`merged into ${formatCountOf(changed.length, 'table')}`);
    const tables = storedTables(dir);
    if (values.export !== undefined) {
      const found = chooseTables(tables, values.gpu);
      if (found === null)
        throw new WorkbenchError('usage', 'Expected kernel times of one GPU', {
          hint: tables.length === 0 ? 'Tune a model first: calib tune PROJECT.' : 'Choose one with --gpu NAME.',
        });
      await saveKernelTimes(resolve(values.export), mergedTables(found));
    }
    const listed = tables.map(({ table, source, path }) => ({
      gpu: table.gpu,
      tensorrt: table.tensorrt,
      source,
      id: tableHash([table]),
      layers: Object.keys(table.times).length,
      inBoth: Object.values(table.times).filter(({ floatMs, int8Ms }) => floatMs !== undefined && int8Ms !== undefined)
        .length,
      conversions: Object.keys(table.conversions ?? {}).length,
      path,
    }));
    print({ tables: listed }, ({ tables: all }) => [
      {
        columns: [
          { title: 'GPU' },
          { title: 'TensorRT' },
          { title: 'from' },
          { title: 'layers', align: 'right' },
          { title: 'in FP16 and INT8', align: 'right' },
          { title: 'conversions', align: 'right' },
          { title: 'id' },
          { title: 'file' },
        ],
        rows: all.map(({ gpu, tensorrt, source, id, layers, inBoth, conversions, path }) => [
          gpu,
          tensorrt,
          source === 'user' ? 'this machine' : 'the program',
          String(layers),
          String(inBoth),
          String(conversions),
          id,
          path,
        ]),
      },
    ]);
    return EXIT_OK;
  },
});
