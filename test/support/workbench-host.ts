/** An application in a process of its own, with the fake compute process; bundled and forked by fork.test.ts. */
import { dirname } from 'node:path';
import { Workbench } from '../../src-main/app/workbench';
import { ComputeClient } from '../../src-main/compute/pool/client';
import { serveLink } from '../../src-main/transport/dispatch';
import { processLink } from '../../src-main/transport/process-link';

const computeHost = process.argv[2] ?? '';
const workbench = new Workbench({
  compute: new ComputeClient(computeHost),
  toolVersion: '0',
  onnxruntimeVersion: '0',
  userDataDir: dirname(process.env['CALIB_FAKE_COMPUTE'] ?? ''),
});
serveLink(workbench, processLink(process));
process.on('disconnect', () => {
  workbench.dispose();
  process.exit(0);
});
