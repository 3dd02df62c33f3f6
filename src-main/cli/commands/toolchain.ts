import { resolve } from 'node:path';
import { TOOLCHAIN_POLICIES } from '../../../src-shared/domain/project/toolchain';
import { defineCommand, EXIT_ENVIRONMENT, EXIT_OK, present } from '../command';
import { choice } from '../options';

export const toolchain = defineCommand({
  name: 'toolchain',
  summary: 'lock a project to the hardware and software of this machine, or compare this machine with the lock',
  positionals: ['PROJECT'],
  options: {
    policy: choice(
      'P',
      TOOLCHAIN_POLICIES,
      'lock the project: runs elsewhere are refused (exit code 4), or note the difference in their warnings',
    ),
  },
  details: `The lock is toolchain.json in the folder of the project. A part that is deleted from it may have any version.
Without --policy the exit code is 4 if this machine differs from the lock.`,
  async run({ policy }, [project = ''], { api, print }) {
    const view = await api.getToolchain({ projectPath: resolve(project), ...present({ lock: policy }) });
    print(view, ({ present: own, lock, differences }) => [
      ...Object.entries(own).map(([part, version]) => `${part}: ${version}`),
      ...(lock === null
        ? ['not locked']
        : [`locked, policy ${lock.policy}`, ...differences.map((difference) => `differs: ${difference}`)]),
    ]);
    return view.differences.length === 0 ? EXIT_OK : EXIT_ENVIRONMENT;
  },
});
