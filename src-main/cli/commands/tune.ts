import { resolve } from 'node:path';
import { formatMs } from '../../../src-shared/base/units';
import type { TuneResult } from '../../../src-shared/contract/job-results';
import { MAX_TUNING_BUILDS } from '../../../src-shared/domain/analysis/tuning';
import { defineCommand, EXIT_OK, present } from '../command';
import { flag, text, wholeNumber } from '../options';
import type { Block } from '../output';
import { BUILD_OPTIONS, variantSpec } from '../shared-options';
import { roundsOption } from './bench';

export const tune = defineCommand({
  name: 'tune',
  summary: 'find the fastest placement on this GPU by measuring the kernels of a few engines',
  positionals: ['PROJECT'],
  options: {
    ...BUILD_OPTIONS,
    variant: text('V', 'mixed (default) or mixed-METHOD: the thresholds that the engines use'),
    rounds: roundsOption,
    'max-builds': wholeNumber('N', 'build at most N engines (default: 4); a later tuning continues with these', {
      min: 1,
      max: MAX_TUNING_BUILDS,
    }),
    'import-table': text('FILE', 'first read kernel times of another machine with the same kind of GPU and TensorRT'),
    'export-table': text('FILE', 'write all kernel times that are known for this kind of GPU and TensorRT'),
    adopt: flag('make the placement that is found the plan of the project'),
  },
  details: `Builds at most four engines: FP16, INT8 by the rules, and two from the times of their kernels, with another plan
or with other kernels; the fastest one is the result. Layers that the plan sets to a precision keep it.`,
  async run(values, [project = ''], { api, runJob, print, note, isJson }) {
    const projectPath = resolve(project);
    const result = await runJob({
      kind: 'tune',
      projectPath,
      ...variantSpec(values, 'tensorrt'),
      ...present({
        variant: values.variant,
        rounds: values.rounds,
        maxBuilds: values['max-builds'],
        importTablePath: pathOf(values['import-table']),
        exportTablePath: pathOf(values['export-table']),
      }),
    });
    if (!isJson) for (const warning of result.warnings) note(`warning: ${warning.message}`);
    const chosen = result.candidates[result.chosen];
    if (values.adopt && chosen) {
      const { file } = await api.openProject({ projectPath });
      await api.editProject({
        projectPath,
        edits: [{ kind: 'plan', plan: { ...file.plan, layers: chosen.layers } }],
      });
      note("the placement found is the project's plan now");
    }
    print(result, asText);
    return EXIT_OK;
  },
});

function pathOf(given: string | undefined): string | undefined {
  return given === undefined ? undefined : resolve(given);
}

function asText(result: TuneResult): Block[] {
  const ms = (value: number | null): string => (value === null ? '' : formatMs(value));
  return [
    `${result.gpu}, TensorRT ${result.tensorrt}`,
    {
      columns: [
        { title: '' },
        { title: 'engine' },
        ...result.batches.map((batch) => ({ title: `batch ${batch}`, align: 'right' as const })),
      ],
      rows: result.candidates.map(({ name, latencyMs }, i) => [
        i === result.chosen ? '*' : '',
        name,
        ...Object.values(latencyMs).map(ms),
      ]),
    },
    {
      columns: [
        { title: 'layer' },
        { title: 'op' },
        { title: 'runs in' },
        { title: 'FP16', align: 'right' },
        { title: 'INT8', align: 'right' },
        { title: 'why' },
      ],
      rows: result.layers.map(({ layer, op, precision, floatMs, int8Ms, reason }) => [
        layer,
        op,
        precision,
        ms(floatMs),
        ms(int8Ms),
        reason,
      ]),
    },
    result.summary,
  ];
}
