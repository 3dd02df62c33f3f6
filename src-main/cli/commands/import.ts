import { resolve } from 'node:path';
import type { ImportReport } from '../../../src-shared/contract/views';
import { EXIT_OK, parseFlags, toJson, type Command } from '../command';
import { oneLine } from '../terminal-text';

const SHOWN_NAMES = 10;
const SHOWN_IGNORED = 3;

export const importCommand: Command = {
  name: 'import',
  summary: 'reads a TensorRT calibration cache as thresholds of method imported',
  usage: 'Usage: calib import PROJECT FILE.cache [--json]\nUse them with: calib set PROJECT --method imported',
  async run(argv, { api, print }) {
    const { values, positionals } = parseFlags(argv, {}, { min: 2, max: 2, names: 'PROJECT FILE.cache' });
    const [project = '', cache = ''] = positionals;
    const report = await api.importCache({ projectPath: resolve(project), cachePath: resolve(cache) });
    if (values.json) {
      print(toJson(report));
      return EXIT_OK;
    }
    print(
      `${report.header}: ${report.mapped.length} names mapped to tensors, ${report.unmapped.length} not found in the model, ${report.ignored.length} ignored`,
    );
    if (report.unmapped.length > report.mapped.length)
      print(
        'warning: most of its names are not in the model: is it the cache of this model? What was imported before is replaced.',
      );
    for (const name of report.unmapped.slice(0, SHOWN_NAMES)) print(oneLine(`  not found: ${name}`));
    if (report.unmapped.length > SHOWN_NAMES) print(`  and ${report.unmapped.length - SHOWN_NAMES} more`);
    for (const [reason, names] of byReason(report.ignored)) {
      const more = names.length > SHOWN_IGNORED ? ', ...' : '';
      print(`  ignored ${names.length}: ${reason} (${names.slice(0, SHOWN_IGNORED).join(', ')}${more})`);
    }
    return EXIT_OK;
  },
};

function byReason(ignored: ImportReport['ignored']): ReadonlyMap<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { name, reason } of ignored) names.set(reason, [...(names.get(reason) ?? []), name]);
  return names;
}
