// Frame times while a person drags a threshold: the built page in Chromium through `calib serve`, measured by
// Chromium's own tracing. A frame's time is what the page's main thread worked between two animation frames (script,
// style, layout, paint); the interval is what the screen showed. Usage: node test/bench/ui-drag.mjs [PROJECT.calib]
// [SECONDS=4]. PROJECT: a calibrated project; default: the one that `npm run sample` leaves. CALIB_UI_URL: a page that
// runs already. Prints one JSON document.
import { spawn, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const project = resolve(process.argv[2] ?? join(root, 'build/plate_chars.calib'));
const seconds = Number(process.argv[3] ?? 4);
const cli = join(root, 'out/main/calib.js');
const BINS = 4096;
const LIMIT_MS = 1000 / 60;

/** The tensor that uses most of its 4096 bins. */
function widestTensor() {
  const result = spawnSync(process.execPath, [cli, 'thresholds', project, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  const used = ({ amax }) => Math.floor((amax / 2 ** (Math.floor(Math.log2(amax)) + 1)) * BINS) + 1;
  const [widest] = JSON.parse(result.stdout)
    .tensors.filter(({ amax }) => amax > 0)
    .sort((a, b) => used(b) - used(a));
  return { tensor: widest.name, usedBins: used(widest) };
}

/** Starts serve mode and waits for its address. */
async function serve() {
  const server = spawn(process.execPath, [cli, 'serve', project, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of server.stdout) {
    text += chunk;
    try {
      return { server, url: JSON.parse(text).url };
    } catch {
      // The document is not complete yet.
    }
  }
  throw new Error('calib serve ended without an address');
}

const quantile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value) => Number(value.toFixed(2));
  return {
    samples: sorted.length,
    p50: round(quantile(sorted, 0.5)),
    p95: round(quantile(sorted, 0.95)),
    max: round(sorted.at(-1) ?? Number.NaN),
  };
}

/** Work of the page's main thread between animation frames, in ms. */
function frameTimes(events) {
  const animation = events
    .filter((event) => event.name === 'FireAnimationFrame' && event.ph === 'X')
    .sort((a, b) => a.ts - b.ts);
  const thread = animation[0];
  if (thread === undefined) return [];
  const tasks = events.filter(
    (event) => event.name === 'RunTask' && event.ph === 'X' && event.pid === thread.pid && event.tid === thread.tid,
  );
  const starts = [
    ...new Set(
      animation.map(
        (event) => tasks.find((task) => task.ts <= event.ts && task.ts + task.dur >= event.ts)?.ts ?? event.ts,
      ),
    ),
  ];
  return starts
    .slice(1)
    .map(
      (end, i) =>
        tasks.filter((task) => task.ts >= starts[i] && task.ts < end).reduce((sum, task) => sum + task.dur, 0) / 1000,
    );
}

/** Moves the handle to and fro as fast as a hand would, with more moves than frames. */
async function drag(page, handle) {
  const box = await handle.boundingBox();
  const chart = await page.getByTestId('histogram-chart').boundingBox();
  const y = box.y + box.height / 2;
  const [left, right] = [chart.x + 90, chart.x + chart.width - 60];
  await page.mouse.move(box.x + box.width / 2, y);
  await page.mouse.down();
  const end = performance.now() + seconds * 1000;
  let moves = 0;
  for (; performance.now() < end; moves++) {
    const phase = (1 - Math.cos((performance.now() / 1000) * 2 * Math.PI * 0.5)) / 2;
    await page.mouse.move(left + phase * (right - left), y);
  }
  return moves;
}

const { tensor, usedBins } = widestTensor();
const { server, url } =
  process.env.CALIB_UI_URL === undefined ? await serve() : { server: null, url: process.env.CALIB_UI_URL };
const browser = await chromium.launch({
  executablePath: process.env.CALIB_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}#/histogram?project=${encodeURIComponent(project)}&tensor=${encodeURIComponent(tensor)}`);
  const handle = page.getByRole('slider', { name: tensor });
  await handle.waitFor({ timeout: 30_000 });
  await page.locator('.main-svg').first().waitFor();
  await page.waitForTimeout(1000);

  await page.evaluate(() => {
    globalThis.frameStamps = [];
    const record = (stamp) => {
      globalThis.frameStamps.push(stamp);
      globalThis.frameRequest = globalThis.requestAnimationFrame(record);
    };
    globalThis.frameRequest = globalThis.requestAnimationFrame(record);
  });
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'],
  });
  const moves = await drag(page, handle);
  const trace = JSON.parse((await browser.stopTracing()).toString());
  const stamps = await page.evaluate(() => {
    globalThis.cancelAnimationFrame(globalThis.frameRequest);
    return globalThis.frameStamps;
  });
  await page.keyboard.press('Escape');
  await page.mouse.up();

  const frames = frameTimes(trace.traceEvents);
  if (frames.length < seconds * 10)
    throw new Error(`Expected at least ${seconds * 10} traced frames, found ${frames.length}`);
  const intervals = stamps.slice(1).map((stamp, i) => stamp - stamps[i]);
  const frameMs = summary(frames);
  console.log(
    JSON.stringify(
      {
        machine: { cpu: cpus()[0]?.model, cores: cpus().length },
        browser: browser.version(),
        tensor,
        bins: BINS,
        usedBins,
        seconds,
        moves,
        frameMs,
        intervalMs: summary(intervals),
        limitMs: Number(LIMIT_MS.toFixed(2)),
        met: frameMs.p95 < LIMIT_MS,
      },
      null,
      2,
    ),
  );
} finally {
  await browser.close();
  server?.kill('SIGTERM');
}
