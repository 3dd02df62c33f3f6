import { resolve } from 'node:path';
import { estimateReadiness, type Readiness } from '../../../src-shared/domain/history/readiness';
import { defineCommand, EXIT_GATE, EXIT_OK } from '../command';
import { text } from '../options';

export const readiness = defineCommand({
  name: 'readiness',
  summary: 'estimate from the recorded runs how likely the next run meets all gates, and when one will',
  positionals: ['PROJECT'],
  options: {
    project: text('NAME', 'the project, in a folder with runs of several (default: that of the newest run)'),
    branch: text('NAME', 'only runs of this branch'),
  },
  details: `Each gate's distance from its limit follows a level, or a line where one is clear, with normal noise; the
probability is that of a later run to be within all limits. See docs/history.md. The exit code is 3 if there are too few
runs for an estimate.`,
  async run(values, [project = ''], { api, print }) {
    const { entries } = await api.getHistory({ projectPath: resolve(project) });
    const name = values.project ?? entries[0]?.project;
    const own = entries.filter(
      (entry) => entry.project === name && (values.branch === undefined || entry.branch === values.branch),
    );
    const result = estimateReadiness(own);
    print(result, () => readinessLines(result));
    return result.state === 'estimated' ? EXIT_OK : EXIT_GATE;
  },
});

export function readinessLines(result: Readiness): string[] {
  if (result.state === 'refused') return [`no estimate: ${result.reason}`];
  const { probability, tightest, outlook, inputs } = result;
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const at = (run: number | null, date: string | null): string =>
    run === null ? 'not within the next 20 runs' : `run ${run} from now (${(date ?? '').slice(0, 10)})`;
  return [
    `The next run meets all gates with a probability of ${percent(probability)}.`,
    `tightest gate: ${tightest.name}, ${tightest.value.toPrecision(4)} with limit ${tightest.limit}`,
    `likely ready (50 %): ${at(outlook.likelyAt, outlook.likelyOn)}`,
    `safely ready (80 %): ${at(outlook.safeAt, outlook.safeOn)}`,
    `from ${inputs.runs} runs, ${inputs.from.slice(0, 10)} to ${inputs.to.slice(0, 10)}, one in ${inputs.daysPerRun.toPrecision(2)} days`,
    ...inputs.gates.map(({ name, change }) =>
      change === 0 ? `  ${name}: no clear trend` : `  ${name}: ${change > 0 ? '+' : ''}${change.toPrecision(3)} a run`,
    ),
  ];
}
