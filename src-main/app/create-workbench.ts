import { onnxruntimeVersion, toolVersion } from '../base/package-info';
import { userDataDir } from '../base/user-folders';
import { createCompute } from './create-compute';
import type { JobServices } from './job-context';
import { Workbench } from './workbench';

/** The application with its real compute process. */
export function createWorkbench(
  options: Pick<JobServices, 'onWait' | 'maxEnginesBytes'> & Partial<Pick<JobServices, 'compute'>> = {},
): Workbench {
  return new Workbench({
    compute: options.compute ?? createCompute(),
    toolVersion: toolVersion(),
    onnxruntimeVersion: onnxruntimeVersion(),
    userDataDir: userDataDir(),
    ...options,
  });
}
