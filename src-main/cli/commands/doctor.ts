import { EXIT_ENVIRONMENT, EXIT_OK, parseFlags, toJson, type Command } from '../command';

const MARKS = { ok: 'ok     ', warning: 'warning', missing: 'missing' } as const;

export const doctor: Command = {
  name: 'doctor',
  summary: 'what this machine can run, and what to install for the rest',
  usage: 'Usage: calib doctor [--json]\nExit code 4 when something is missing that the main job needs.',
  async run(argv, { api, print }) {
    const { values } = parseFlags(argv, {}, { min: 0, max: 0, names: 'no argument' });
    const report = await api.doctor();
    if (values.json) print(toJson(report));
    else {
      for (const check of report.checks) {
        print(`${MARKS[check.state]}  ${check.name}: ${check.found}`);
        if (check.hint !== undefined) print(`         ${check.hint}`);
      }
    }
    return report.checks.some((check) => check.required && check.state === 'missing') ? EXIT_ENVIRONMENT : EXIT_OK;
  },
};
