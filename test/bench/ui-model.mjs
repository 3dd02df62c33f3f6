// Model and precision screens over a generated model, in Chromium: when table and graph can be used, how evenly the
// table scrolls, and what the page holds in memory. `node test/bench/ui-model.mjs [CHROMIUM]`; `--pictures DIR` also
// takes pictures.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, URLSearchParams } from 'node:url';
import { parseArgs } from 'node:util';
import react from '@vitejs/plugin-react';
import { chromium } from 'playwright-core';
import { build } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const outDir = join(root, 'build/bench/model-page');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { pictures: { type: 'string' }, 'no-build': { type: 'boolean' } },
});

if (!options['no-build']) {
  await build({
    root: join(root, 'test/support/model-page'),
    base: './',
    logLevel: 'warn',
    plugins: [react()],
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 2000 },
  });
}

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  readFile(join(outDir, path === '/' ? 'index.html' : path)).then(
    (bytes) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(bytes),
    () => response.writeHead(path === '/favicon.ico' ? 204 : 404).end(),
  );
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${server.address().port}`;
const executablePath = positionals[0] ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
];
const browser = await chromium.launch({ executablePath, args });

try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Chromium ${browser.version()} without a GPU`,
  );
  if (options.pictures) await takePictures(options.pictures);
  else for (const layers of [1000, 2000]) for (const screen of ['model', 'precision']) await measure(screen, layers);
} finally {
  await browser.close();
  server.close();
}

async function openPage(query, viewport) {
  const page = await browser.newPage({ viewport });
  page.on('pageerror', (error) => console.error('page error:', error));
  page.on('console', (message) => message.type() === 'error' && console.error('console:', message.text()));
  await page.goto(`${origin}/?${new URLSearchParams(query)}`);
  await page.locator('[role=grid] [role=row]').nth(3).waitFor();
  const tableMs = await page.evaluate(() => performance.now());
  await page.locator('.react-flow__node').first().waitFor();
  const graphMs = await page.evaluate(() => performance.now());
  return { page, tableMs, graphMs };
}

async function measure(screen, layers) {
  const runs = [];
  for (let run = 0; run < 3; run++) {
    const opened = await openPage({ screen, layers }, { width: 1280, height: 800 });
    runs.push(opened);
    if (run < 2) await opened.page.close();
  }
  const { page } = runs.at(-1);
  const middle = (name) => runs.map((run) => run[name]).sort((a, b) => a - b)[1];
  const still = await cpuOf(page, 'bench.waitFrames()');
  const scroll = await cpuOf(page, 'bench.scrollTable()');
  const pan = await cpuOf(page, 'bench.panGraph()');
  const memoryMb = await page.evaluate(() => {
    globalThis.gc?.();
    return performance.memory.usedJSHeapSize / 1e6;
  });
  const total = await processMemoryMb();
  const nodes = await page.locator('.react-flow__node').count();
  console.log(
    `${screen}, ${layers} layers: table ${middle('tableMs').toFixed(0)} ms, graph ${middle('graphMs').toFixed(0)} ms (median of 3); drawn nodes ${nodes}`,
  );
  console.log(`  nothing moves:        ${describe(still)}`);
  console.log(`  scrolling the table:  ${describe(scroll)}`);
  console.log(`  panning the graph:    ${describe(pan)}`);
  console.log(
    `  memory: JS heap ${memoryMb.toFixed(0)} MB, renderer process ${total === null ? 'n/a' : `${total.toFixed(0)} MB`}`,
  );
  await page.close();
}

function describe({ frames, p95, worst, cpuMs }) {
  return `${frames} frames in 2 s, p95 ${p95.toFixed(1)} ms, worst ${worst.toFixed(1)} ms; main thread ${(cpuMs / frames).toFixed(1)} ms of processor time a frame`;
}

/** Runs `action` in the page and adds the processor time of its main thread, which a busy machine does not lengthen. */
async function cpuOf(page, action) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskMs = async () =>
    (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  const before = await taskMs();
  const frames = await page.evaluate(action);
  const cpuMs = (await taskMs()) - before;
  await session.detach();
  return { ...frames, cpuMs };
}

/** Private memory of the largest renderer process, which is the page's, from the kernel. */
async function processMemoryMb() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = await Promise.all(
    processInfo
      .filter((info) => info.type === 'renderer')
      .map(
        async (info) =>
          Number(
            /^Private_Dirty:\s+(\d+)/m.exec(
              await readFile(`/proc/${info.id}/smaps_rollup`, 'utf8').catch(() => ''),
            )?.[1] ?? 0,
          ) / 1000,
      ),
  );
  return sizes.length === 0 ? null : Math.max(...sizes);
}

async function takePictures(folder) {
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ]) {
    for (const theme of ['light', 'dark']) {
      for (const screen of ['model', 'precision']) {
        const { page } = await openPage(
          { screen, layers: 200, theme, ...(theme === 'dark' && screen === 'precision' ? { language: 'zh' } : {}) },
          { width, height },
        );
        await page.locator('[role=grid]').focus();
        for (let step = 0; step < 12; step++) await page.keyboard.press('ArrowDown');
        if (screen === 'precision') {
          await page.keyboard.press('Shift+ArrowDown');
          await page.keyboard.press('6');
        } else await page.locator('input[value=sqnr]').check();
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(folder, `${screen}-${theme}-${width}.png`) });
        await page.close();
      }
    }
  }
}
