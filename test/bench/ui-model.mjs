// Model and precision screens over a generated model, in Chromium: when table and graph can be used, how evenly the table
// scrolls, and what the page holds in memory. `node test/bench/ui-model.mjs [CHROMIUM]`; `--pictures DIR` also takes pictures.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import react from '@vitejs/plugin-react';
import { chromium } from 'playwright-core';
import { build } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const outDir = join(root, 'build/bench/model-page');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { pictures: { type: 'string' }, 'no-build': { type: 'boolean' } } });

if (!options['no-build']) {
  await build({
    root: join(root, 'test/support/model-page'),
    base: './',
    logLevel: 'warn',
    plugins: [react()],
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true },
  });
}

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  readFile(join(outDir, path === '/' ? 'index.html' : path)).then(
    (bytes) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(bytes),
    () => response.writeHead(404).end(),
  );
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${server.address().port}`;
const executablePath = positionals[0] ?? '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--enable-precise-memory-info', '--js-flags=--expose-gc'];
const browser = await chromium.launch({ executablePath, args });

try {
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Chromium ${browser.version()} without a GPU`);
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
  const scroll = await page.evaluate(scrollTable);
  const pan = await page.evaluate(panGraph);
  const memoryMb = await page.evaluate(() => {
    globalThis.gc?.();
    return performance.memory.usedJSHeapSize / 1e6;
  });
  const total = await processMemoryMb(page);
  const nodes = await page.locator('.react-flow__node').count();
  console.log(`${screen}, ${layers} layers: table ${middle('tableMs').toFixed(0)} ms, graph ${middle('graphMs').toFixed(0)} ms (median of 3); drawn nodes ${nodes}`);
  console.log(`  scroll ${describe(scroll)}; wheel over the graph ${describe(pan)}`);
  console.log(`  memory: JS heap ${memoryMb.toFixed(0)} MB, renderer process ${total === null ? 'n/a' : `${total.toFixed(0)} MB`}`);
  await page.close();
}

const describe = ({ frames, p95, worst }) => `${frames} frames, p95 ${p95.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`;

/** Scrolls the table by a page every frame for two seconds, and says how long the frames were. */
async function scrollTable() {
  const scroller = document.querySelector('[role=grid]');
  const lengths = [];
  let last = performance.now();
  let direction = 1;
  const end = last + 2000;
  while (performance.now() < end) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    lengths.push(now - last);
    last = now;
    if (scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1) direction = -1;
    scroller.scrollTop += direction * 400;
  }
  lengths.splice(0, 2);
  lengths.sort((a, b) => a - b);
  return { frames: lengths.length, p95: lengths[Math.floor(lengths.length * 0.95)], worst: lengths.at(-1) };
}

/** Turns the wheel over the graph for two seconds. */
async function panGraph() {
  const pane = document.querySelector('.react-flow__pane');
  const box = pane.getBoundingClientRect();
  const lengths = [];
  let last = performance.now();
  const end = last + 2000;
  while (performance.now() < end) {
    pane.dispatchEvent(new WheelEvent('wheel', { deltaY: 120, bubbles: true, cancelable: true, clientX: box.x + 100, clientY: box.y + 100 }));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    lengths.push(now - last);
    last = now;
  }
  lengths.splice(0, 2);
  lengths.sort((a, b) => a - b);
  return { frames: lengths.length, p95: lengths[Math.floor(lengths.length * 0.95)], worst: lengths.at(-1) };
}

/** Private memory of the page's renderer process, from the kernel. */
async function processMemoryMb(page) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  void page;
  const sizes = await Promise.all(
    processInfo
      .filter((info) => info.type === 'renderer')
      .map(async (info) => Number(/^Private_Dirty:\s+(\d+)/m.exec(await readFile(`/proc/${info.id}/smaps_rollup`, 'utf8').catch(() => ''))?.[1] ?? 0) / 1000),
  );
  return sizes.length === 0 ? null : Math.max(...sizes);
}

async function takePictures(folder) {
  for (const [width, height] of [[1280, 800], [1920, 1080]]) {
    for (const theme of ['light', 'dark']) {
      for (const screen of ['model', 'precision']) {
        const { page } = await openPage({ screen, layers: 200, theme, ...(theme === 'dark' && screen === 'precision' ? { language: 'zh' } : {}) }, { width, height });
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
