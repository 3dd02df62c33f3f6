import { resolve } from 'node:path';
import { areGatesMet } from '../../../src-shared/domain/runs/gates';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { defineCommand, EXIT_GATE, EXIT_OK, present } from '../command';
import { flag } from '../options';
import { gateLines, runTable } from '../run-text';
import { limitOption, VARIANT_OPTIONS, variantSpec } from '../shared-options';
import { roundsOption } from './bench';
import { tensorrtGridOption } from './calibrate';

export const run = defineCommand({
  name: 'run',
  summary: 'do the whole job: calibrate, build, benchmark, validate, check the gates, write a report',
  positionals: ['PROJECT'],
  options: {
    ...VARIANT_OPTIONS,
    limit: limitOption('validation images'),
    rounds: roundsOption,
    'tensorrt-grid': tensorrtGridOption,
    search: flag('the mixed row is the plan that a search finds within the gates (the project keeps its own plan)'),
    tune: flag('the mixed row is the fastest placement on this GPU, see calib tune (the project keeps its own plan)'),
    fix: flag('the mixed row is the plan that fix finds: methods, repairs and released layers (instead of --search)'),
    diagnose: flag('explain why groups of the shipped variant lost more than the gate allows (1 point without a gate)'),
  },
  details: `The gates of the project judge the variant that ships: mixed if it is among the variants, otherwise the last
quantized one that is named, or fp32 if there is no other. The exit code is 3 if a gate is not met.`,
  async run(values, [project = ''], { runJob, print, note }) {
    const { record, report, runId } = await runJob({
      kind: 'run',
      projectPath: resolve(project),
      ...variantSpec(values),
      ...present({
        limit: values.limit,
        rounds: values.rounds,
        searches: values.search,
        tunes: values.tune,
        fixes: values.fix,
        diagnoses: values.diagnose,
        tensorrtGridBatch: values['tensorrt-grid'],
      }),
    });
    for (const warning of record.warnings) note(`warning: ${warning.message}`);
    const { options, table, gates, warnings, search, fix, tuning, diagnoses } = record;
    const { method, chosenMethod } = options;
    print(
      {
        runId,
        method,
        ...present({ chosenMethod }),
        table,
        gates,
        warnings,
        ...present({ search, fix, tuning, diagnoses }),
        report,
      },
      () => [
        '',
        ...runTable(record),
        '',
        ...methodLines(record),
        ...analysisLines(record),
        ...gateLines(record),
        `report: ${report}`,
      ],
    );
    return areGatesMet(record.gates) ? EXIT_OK : EXIT_GATE;
  },
});

/** The method that `best` had chosen in this run. */
function methodLines({ options: { chosenMethod } }: RunRecord): string[] {
  return chosenMethod === undefined ? [] : [`method best: ${chosenMethod}`, ''];
}

function analysisLines({ search, fix, tuning, diagnoses = [] }: RunRecord): string[] {
  const lines = [
    ...(fix === undefined
      ? []
      : [`fix: ${fix.reason}`, ...fix.notes, ...fix.advice, 'To take this plan over: calib fix PROJECT --adopt']),
    ...(search === undefined
      ? []
      : [`search: ${search}`, 'The project keeps its own plan; to take this one: calib search PROJECT --adopt']),
    ...(tuning === undefined
      ? []
      : [`tuning: ${tuning}`, 'The project keeps its own plan; to take this one: calib tune PROJECT --adopt']),
    ...diagnoses.map(({ summary }) => summary),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}
