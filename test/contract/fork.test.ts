import { fork } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'vite';
import { beforeAll } from 'vitest';
import { processLink } from '../../src-main/transport/process-link';
import { createClient } from '../../src-renderer/api/client';
import type { CallMessage, ReplyMessage } from '../../src-shared/contract/wire';
import { FAKE_COMPUTE_HOST } from '../support/fake-compute';
import { REPO_ROOT } from '../support/shared';
import { describeContract } from './suite';

const OUT_DIR = join(REPO_ROOT, 'build/test');

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: join(REPO_ROOT, 'test/support/workbench-host.ts'),
      outDir: OUT_DIR,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: 'workbench-host.mjs' } },
    },
  });
});

/** The application behind the channel of a forked process. */
describeContract('over a forked process', async (scriptPath) => {
  const child = fork(join(OUT_DIR, 'workbench-host.mjs'), [FAKE_COMPUTE_HOST], {
    serialization: 'advanced',
    env: { ...process.env, CALIB_FAKE_COMPUTE: scriptPath },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    api: createClient(processLink<CallMessage, ReplyMessage>(child)),
    dispose: () => {
      child.disconnect();
      return exited;
    },
  };
});
