import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Workbench } from '../../src-main/app/workbench';
import { ComputeClient } from '../../src-main/compute/pool/client';
import { serve } from '../../src-main/serve/serve';
import { createClient } from '../../src-renderer/api/client';
import { createHttpLink, type HttpLink } from '../../src-renderer/api/http-link';
import { FAKE_COMPUTE_HOST } from '../support/fake-compute';
import { describeContract } from './suite';

/** The application behind serve mode, over a real socket. */
describeContract('over HTTP', async (scriptPath) => {
  process.env['CALIB_FAKE_COMPUTE'] = scriptPath;
  const workbench = new Workbench({
    compute: new ComputeClient(FAKE_COMPUTE_HOST),
    toolVersion: '0',
    onnxruntimeVersion: '0',
    userDataDir: dirname(scriptPath),
  });
  const rendererDir = mkdtempSync(join(tmpdir(), 'calib-page-'));
  writeFileSync(join(rendererDir, 'index.html'), '<!doctype html>');
  const server = await serve(workbench, { port: 0, root: tmpdir(), rendererDir });
  const link = createHttpLink({ token: server.token, baseUrl: `http://127.0.0.1:${server.port}` });
  await online(link);
  return {
    api: createClient(link),
    dispose: async () => {
      link.close();
      await server.close();
      workbench.dispose();
      rmSync(rendererDir, { recursive: true, force: true });
    },
  };
});

/** Resolves when events flow. */
function online(link: HttpLink): Promise<void> {
  return new Promise((resolve) => {
    link.onStatus(({ state }) => {
      if (state === 'online') resolve();
    });
  });
}
