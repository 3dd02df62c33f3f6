import { resolve } from 'node:path';
import { formatDuration, formatSignificant } from '../../../src-shared/base/units';
import type { AutoSpec } from '../../../src-shared/contract/job-specs';
import type { AutoResult } from '../../../src-shared/domain/analysis/analysis';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import { announceCost } from '../analysis-text';
import { EXIT_OK, oneOf, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable, type Column } from '../text-table';

export const auto: Command = {
  name: 'auto',
  summary: "choose a threshold per tensor among all methods, by the error at the model's output",
  usage: `Usage: calib auto PROJECT [--images N] [--target T] [--threads N] [--json]
Chooses the thresholds of method auto on N calibration images of all groups (default 128), by the worst group's error at
the outputs, and confirms the choice on up to 512 others. Use them: calib set PROJECT --method auto`,
  async run(argv, { api, runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      { images: { type: 'string' }, target: { type: 'string' }, threads: { type: 'string' } },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const spec: AutoSpec = {
      kind: 'auto',
      projectPath: resolve(positionals[0] ?? ''),
      ...present({
        images: wholeNumber('--images', values.images, 4),
        target: oneOf('--target', values.target, TARGETS),
        threads: wholeNumber('--threads', values.threads, 1),
      }),
    };
    await announceCost(api, spec, note);
    const result = await runJob(spec);
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

function asText(result: AutoResult): string {
  const objective: Column[] = [
    { title: 'thresholds' },
    { title: 'error, chosen on', align: 'right' },
    { title: 'error, unseen', align: 'right' },
  ];
  const rows = [
    ...result.singles.map((single) => [
      single.method,
      formatSignificant(single.chosen),
      formatSignificant(single.confirmed),
    ]),
    ['per tensor', formatSignificant(result.descent.chosen), formatSignificant(result.descent.confirmed)],
  ];
  const worst = result.groups.length > 0 ? `, worst of ${result.groups.join(', ')}` : '';
  const head = `output error (noise to signal${worst}) on ${result.images.chosen} and ${result.images.confirmed} calibration images, ${result.passes} passes in ${formatDuration(result.seconds)}\n`;
  const different = result.choices.filter(({ code }) => code !== 'same-as-single');
  const choices =
    different.length === 0
      ? ''
      : `\n${renderTable(
          [{ title: 'tensor' }, { title: 'method' }, { title: 'why' }],
          different.map(({ tensor, method, reason }) => [tensor, method, reason]),
        )}`;
  return `${head}${renderTable(objective, rows)}${choices}\n${result.summary}\n`;
}
