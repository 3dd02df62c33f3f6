import { defineCommand, EXIT_ENVIRONMENT, EXIT_OK } from '../command';

const MARKS = { ok: 'ok     ', warning: 'warning', missing: 'missing' } as const;

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'show what this machine can run, and what to install for the rest',
  positionals: [],
  options: {},
  details: 'The exit code is 4 if something is missing that calibration, validation or benchmarks on the CPU need.',
  async run(_values, _positionals, { api, print }) {
    const report = await api.doctor();
    print(report, ({ checks }) =>
      checks.flatMap(({ state, name, found, hint }) => [
        `${MARKS[state]}  ${name}: ${found}`,
        ...(hint === undefined ? [] : [`         ${hint}`]),
      ]),
    );
    return report.checks.some((check) => check.required && check.state === 'missing') ? EXIT_ENVIRONMENT : EXIT_OK;
  },
});
