import { dirname } from 'node:path';
import { ComputeClient } from '../../src-main/compute/pool/client';
import { Workbench } from '../../src-main/app/workbench';
import { createClient } from '../../src-renderer/api/client';
import { serveLink } from '../../src-main/transport/dispatch';
import type { CallMessage, ReplyMessage } from '../../src-shared/contract/wire';
import { FAKE_COMPUTE_HOST } from '../support/fake-compute';
import { describeContract } from './suite';

/** Client and server in one process, every message a structured clone. */
describeContract('in-process', async (scriptPath) => {
  process.env['CALIB_FAKE_COMPUTE'] = scriptPath;
  const workbench = new Workbench({
    compute: new ComputeClient(FAKE_COMPUTE_HOST),
    toolVersion: '0',
    onnxruntimeVersion: '0',
    userDataDir: dirname(scriptPath),
  });
  let toServer: (message: CallMessage) => void = () => undefined;
  let toClient: (message: ReplyMessage) => void = () => undefined;
  const stop = serveLink(workbench, {
    send: (message) => toClient(structuredClone(message)),
    onMessage: (listener) => (toServer = listener),
    onClose: () => undefined,
  });
  const api = createClient({
    send: (message) => queueMicrotask(() => toServer(structuredClone(message))),
    onMessage: (listener) => (toClient = listener),
    onClose: () => undefined,
  });
  return {
    api,
    dispose: async () => {
      stop();
      workbench.dispose();
    },
  };
});
