import { defineConfig } from 'electron-vite';
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { scopedName } from './src-renderer/styles/scoped-name.ts';

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
          desktop: entry('desktop/main.ts'),
          'compute-host': entry('compute/pool/host.ts'),
          'compute-worker': entry('compute/pool/worker.ts'),
          'bench-host': entry('backends/bench-host.ts'),
          'metric-worker': entry('analysis/metric/metric-worker.ts'),
          'gpu-probe': entry('compute/tasks/gpu-probe.ts'),
        },
        output: {
          format: 'es',
          // Every process and thread loads most of this code. A file takes longer to find and to link than to compile.
          codeSplitting: {
            groups: [
              { name: 'shared', test: /src-shared[\\/]|src-main[\\/]base[\\/]/ },
              { name: 'onnx', test: /src-main[\\/]onnx[\\/]/ },
            ],
          },
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { preload: entry('preload/preload.ts') },
        // A sandboxed preload script is CommonJS and can require nothing but electron: one file.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(import.meta.dirname, 'src-renderer'),
    base: './',
    plugins: [react()],
    css: { modules: { generateScopedName: scopedName } },
    worker: { format: 'es' },
    build: {
      outDir: resolve(import.meta.dirname, 'out/renderer'),
      emptyOutDir: true,
      // Electron's Chromium and today's browsers; the page's policy forbids inline scripts, so no polyfill either.
      target: 'chrome120',
      modulePreload: { polyfill: false },
      // Plotly is one large file; it is loaded when a chart is first drawn.
      chunkSizeWarningLimit: 1_300,
      // Few and small requests for the first screen, which may come over a slow link from a GPU box.
      minify: true,
      cssCodeSplit: false,
      rollupOptions: {
        input: resolve(import.meta.dirname, 'src-renderer/index.html'),
        output: {
          codeSplitting: {
            groups: [
              { name: 'plotly', test: /node_modules[\\/]plotly/, priority: 2 },
              { name: 'screens', test: /node_modules|src-renderer[\\/](features|widgets)/, priority: 1 },
            ],
          },
        },
      },
    },
  },
});
