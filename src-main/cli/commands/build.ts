import { resolve } from 'node:path';
import { formatDuration } from '../../../src-shared/base/units';
import { EXIT_OK, parseFlags, toJson, type Command } from '../command';
import { renderTable } from '../text-table';
import { parseVariantFlags, VARIANT_OPTIONS, VARIANT_USAGE } from '../variant-flags';

export const build: Command = {
  name: 'build',
  summary: 'builds engines of variants for a backend',
  usage: `Usage: calib build PROJECT [--backend B] [--variants LIST] [--target T] [--json]\n${VARIANT_USAGE}`,
  async run(argv, { runJob, print }) {
    const { values, positionals } = parseFlags(argv, VARIANT_OPTIONS, { min: 1, max: 1, names: 'PROJECT' });
    const result = await runJob({ kind: 'build', projectPath: resolve(positionals[0] ?? ''), ...parseVariantFlags(values) });
    if (values.json) {
      print(toJson(result));
      return EXIT_OK;
    }
    const rows = result.engines.map((engine) => [engine.variant, engine.sizeMb.toFixed(2), engine.built ? formatDuration(engine.seconds) : 'kept', engine.path]);
    print(renderTable([{ title: 'variant' }, { title: 'size MB', align: 'right' }, { title: 'built in', align: 'right' }, { title: 'engine' }], rows));
    return EXIT_OK;
  },
};
