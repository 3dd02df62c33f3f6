import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { Workbench } from '../../src-main/app/workbench';
import { ComputeClient } from '../../src-main/compute/pool/client';
import { APP_URL, isTrustedSender } from '../../src-main/desktop/page-origin';
import { confineApi } from '../../src-main/transport/confined-api';
import { serveIpc } from '../../src-main/transport/ipc-endpoint';
import { PathGrants } from '../../src-main/transport/path-grants';
import { createClient } from '../../src-renderer/api/client';
import { createIpcLink } from '../../src-renderer/api/ipc-link';
import { CALL_CHANNEL, EVENT_CHANNEL } from '../../src-shared/contract/desktop-bridge';
import { FAKE_COMPUTE_HOST } from '../support/fake-compute';
import { FakeIpc } from '../support/fake-ipc';
import { describeContract } from './suite';

/** The application behind the desktop's channels, with Electron's IPC replaced. */
describeContract('over IPC', async (scriptPath) => {
  process.env['CALIB_FAKE_COMPUTE'] = scriptPath;
  const workbench = new Workbench({
    compute: new ComputeClient(FAKE_COMPUTE_HOST),
    toolVersion: '0',
    onnxruntimeVersion: '0',
    userDataDir: dirname(scriptPath),
  });
  const ipc = new FakeIpc();
  const stop = serveIpc({
    api: confineApi(workbench, { grants: new PathGrants([tmpdir()]), checksReferences: false, hint: '' }),
    ipc: ipc.receiver,
    isTrusted: (frame) => isTrustedSender(frame, APP_URL),
    broadcast: ipc.send,
    ownMethods: {},
  });
  const frame = { url: `${APP_URL}index.html#/model`, parent: null };
  const bridge = {
    call: (method: string, request: unknown) => ipc.invoke(CALL_CHANNEL, { method, request }, frame),
    onEvent: (listener: Parameters<FakeIpc['on']>[1]) => ipc.on(EVENT_CHANNEL, listener),
  };
  const api = createClient(createIpcLink(bridge));
  return {
    api,
    dispose: async () => {
      stop();
      workbench.dispose();
    },
  };
});
