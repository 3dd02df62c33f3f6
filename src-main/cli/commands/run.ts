import { resolve } from 'node:path';
import { areGatesMet } from '../../../src-shared/domain/runs/gates';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { EXIT_GATE, EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { memoryLimit } from './calibrate';
import { gatesText, runTableText } from '../run-text';
import { parseVariantFlags, VARIANT_OPTIONS, VARIANT_USAGE } from '../variant-flags';

export const run: Command = {
  name: 'run',
  summary: 'the whole job: calibrate, build, benchmark, validate, gates, report',
  usage: `Usage: calib run PROJECT [--variants LIST] [--backend B] [--limit N] [--rounds N] [--tensorrt-grid BATCH] [--memory-limit GB] [--search] [--diagnose] [--json]
${VARIANT_USAGE}
  --limit N         only N validation images, spread evenly over a folder
  --rounds N        benchmark turns of every variant (default 20)
  --tensorrt-grid BATCH
                    calibrate as TensorRT's calibrator too, see calib calibrate
  --memory-limit GB calibrate with no more workers than fit into so much memory, see calib calibrate
  --search          the mixed row is the plan that \`calib search\` finds within the gates (the project keeps its own)
  --diagnose        say why groups of the shipped variant lost more than the gate allows (1 point without one)
The gates of the project judge what ships: the variant mixed when it is among the variants, else the last quantized one that is
named, fp32 when there is no other. Exit code 3 when one is not met.`,
  async run(argv, { runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      {
        ...VARIANT_OPTIONS,
        limit: { type: 'string' },
        rounds: { type: 'string' },
        'tensorrt-grid': { type: 'string' },
        'memory-limit': { type: 'string' },
        search: { type: 'boolean' },
        diagnose: { type: 'boolean' },
      },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const { record, report, runId } = await runJob({
      kind: 'run',
      projectPath: resolve(positionals[0] ?? ''),
      ...parseVariantFlags(values),
      ...present({
        limit: wholeNumber('--limit', values.limit, 1),
        rounds: wholeNumber('--rounds', values.rounds, 1, 10_000),
        searches: values.search,
        diagnoses: values.diagnose,
        memoryLimitGb: memoryLimit(values['memory-limit']),
        tensorrtGridBatch: wholeNumber('--tensorrt-grid', values['tensorrt-grid'], 1),
      }),
    });
    for (const warning of record.warnings) note(`warning: ${warning.message}`);
    const { options, table, gates, warnings, search, diagnoses } = record;
    if (values.json)
      print(
        toJson({
          runId,
          method: options.method,
          ...present({ chosenMethod: options.chosenMethod }),
          table,
          gates,
          warnings,
          ...present({ search, diagnoses }),
          report,
        }),
      );
    else
      print(
        `\n${runTableText(record)}\n${methodText(record)}${analysesText(record)}${gatesText(record)}report: ${report}`,
      );
    return areGatesMet(record.gates) ? EXIT_OK : EXIT_GATE;
  },
};

/** What method best stood for in this run. */
function methodText({ options: { chosenMethod } }: RunRecord): string {
  return chosenMethod === undefined ? '' : `method best: ${chosenMethod}\n\n`;
}

function analysesText({ search, diagnoses = [] }: RunRecord): string {
  const lines = [
    ...(search === undefined
      ? []
      : [`search: ${search}`, 'The project keeps its own plan; to take this one: calib search PROJECT --adopt']),
    ...diagnoses.map(({ summary }) => summary),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}
