// Stands in for the process that tries a GPU provider; FAKE_GPU_PROBE says how it ends.
import { writeSync } from 'node:fs';
import { setInterval } from 'node:timers';

const answers = {
  found: { type: 'found', device: `Fake GPU ${JSON.parse(process.argv[2]).device}`, hasFp16: false },
  failed: {
    type: 'failed',
    reason:
      '/src/webgpu_context.cc:136 Initialize() status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n',
  },
  unlinked: { type: 'failed', reason: 'Failed to load shared library' },
};
const behaviour = process.env.FAKE_GPU_PROBE;
if (behaviour === 'unlinked')
  writeSync(
    2,
    'Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: No such file or directory\n',
  );
if (behaviour === 'crash') process.kill(process.pid, 'SIGSEGV');
else if (behaviour === 'exit') process.exit(7);
else if (behaviour === 'hang') setInterval(() => undefined, 1_000);
else process.send(answers[behaviour], () => process.exit(0));
