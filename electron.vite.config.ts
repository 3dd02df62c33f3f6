import { defineConfig } from 'electron-vite';
import { resolve } from 'node:path';

const entry = (path: string): string => resolve(import.meta.dirname, 'src-main', path);

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      // Dependencies are loaded at run time: onnxruntime-node and sharp bring native libraries.
      externalizeDeps: true,
      rollupOptions: {
        input: {
          calib: entry('cli/main.ts'),
          'compute-host': entry('compute/host.ts'),
          'compute-worker': entry('compute/worker.ts'),
          'bench-host': entry('backends/bench-host.ts'),
        },
        output: { format: 'es' },
      },
    },
  },
});
