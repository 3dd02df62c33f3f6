import { onnxruntimeVersion, toolVersion } from '../base/package-info';
import { userDataDir } from '../base/user-folders';
import { ComputeClient } from '../compute/pool/client';
import { entryPath } from '../compute/pool/entry-path';
import type { JobServices } from './job-context';
import { Workbench } from './workbench';

/** The application with its real compute process. */
export function createWorkbench(options: Pick<JobServices, 'onWait' | 'maxEnginesBytes'> = {}): Workbench {
  return new Workbench({
    compute: new ComputeClient(entryPath('compute-host')),
    toolVersion: toolVersion(),
    onnxruntimeVersion: onnxruntimeVersion(),
    userDataDir: userDataDir(),
    ...options,
  });
}
