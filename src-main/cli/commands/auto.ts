import { resolve } from 'node:path';
import { formatDuration, formatSignificant } from '../../../src-shared/base/units';
import type { AutoSpec } from '../../../src-shared/contract/job-specs';
import type { AutoResult } from '../../../src-shared/domain/analysis/analysis';
import { defineCommand, EXIT_OK, present } from '../command';
import { wholeNumber } from '../options';
import type { Block } from '../output';
import { memoryLimitOption, targetOption, threadsOption } from '../shared-options';

export const auto = defineCommand({
  name: 'auto',
  summary: "choose a threshold per tensor among all methods, by the error at the model's output",
  positionals: ['PROJECT'],
  threads: 'trials',
  options: {
    images: wholeNumber('N', 'calibration images, from all groups (default: 128)', { min: 4 }),
    target: targetOption,
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  details: `Chooses the thresholds of method auto by the error of the worst group at the outputs, and confirms the choice on
up to 512 other images. To use them: calib set PROJECT --method auto`,
  async run({ 'memory-limit': memoryLimitGb, ...others }, [project = ''], { runAnalysis, print }) {
    const spec: AutoSpec = { kind: 'auto', projectPath: resolve(project), ...present({ ...others, memoryLimitGb }) };
    print(await runAnalysis(spec), asText);
    return EXIT_OK;
  },
});

function errorText({ comparesAnswers, comparesCandidates }: AutoResult): string {
  if (comparesCandidates) return 'error of the candidates, scores and boxes (noise to signal';
  return comparesAnswers
    ? 'the sizes of all outputs depend on the data: part of the answers that differs from FP32 (1 - agreement'
    : 'output error (noise to signal';
}

function asText(result: AutoResult): Block[] {
  const worst = result.groups.length > 0 ? `, worst of ${result.groups.join(', ')}` : '';
  const different = result.choices.filter(({ code }) => code !== 'same-as-single');
  const error = errorText(result);
  return [
    `${error}${worst}) on ${result.images.chosen} and ${result.images.confirmed} ` +
      `calibration images, ${result.passes} passes in ${formatDuration(result.seconds)}`,
    {
      columns: [
        { title: 'thresholds' },
        { title: 'error, chosen on', align: 'right' },
        { title: 'error, unseen', align: 'right' },
      ],
      rows: [
        ...result.singles.map((single) => [
          single.method,
          formatSignificant(single.chosen),
          formatSignificant(single.confirmed),
        ]),
        ['per tensor', formatSignificant(result.descent.chosen), formatSignificant(result.descent.confirmed)],
      ],
    },
    ...(different.length === 0
      ? []
      : [
          '',
          {
            columns: [{ title: 'tensor' }, { title: 'method' }, { title: 'why' }],
            rows: different.map(({ tensor, method, reason }) => [tensor, method, reason]),
          },
        ]),
    '',
    result.summary,
  ];
}
