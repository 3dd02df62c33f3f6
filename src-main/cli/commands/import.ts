import { resolve } from 'node:path';
import type { ImportReport } from '../../../src-shared/contract/views';
import { defineCommand, EXIT_OK } from '../command';
import type { Block } from '../output';

const SHOWN_NAMES = 10;
const SHOWN_IGNORED = 3;

export const importCommand = defineCommand({
  name: 'import',
  summary: 'read a TensorRT calibration cache as thresholds of method imported',
  positionals: ['PROJECT', 'FILE.cache'],
  options: {},
  details: 'To use the thresholds: calib set PROJECT --method imported',
  async run(_values, [project = '', cache = ''], { api, print }) {
    print(await api.importCache({ projectPath: resolve(project), cachePath: resolve(cache) }), asText);
    return EXIT_OK;
  },
});

function asText({ header, mapped, unmapped, ignored }: ImportReport): Block[] {
  const ignoredLines = [...byReason(ignored)].map(([reason, names]) => {
    const more = names.length > SHOWN_IGNORED ? ', ...' : '';
    return `  ignored ${names.length}: ${reason} (${names.slice(0, SHOWN_IGNORED).join(', ')}${more})`;
  });
  return [
    `${header}: ${mapped.length} names mapped to tensors, ${unmapped.length} not found in the model, ` +
      `${ignored.length} ignored`,
    ...(unmapped.length > mapped.length
      ? [
          'warning: most of its names are not in the model: is it the cache of this model? What was imported ' +
            'before is replaced.',
        ]
      : []),
    ...unmapped.slice(0, SHOWN_NAMES).map((name) => `  not found: ${name}`),
    ...(unmapped.length > SHOWN_NAMES ? [`  and ${unmapped.length - SHOWN_NAMES} more`] : []),
    ...ignoredLines,
  ];
}

function byReason(ignored: ImportReport['ignored']): ReadonlyMap<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { name, reason } of ignored) names.set(reason, [...(names.get(reason) ?? []), name]);
  return names;
}
