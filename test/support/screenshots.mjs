// Pictures of the real application with the sample, in Chromium through serve mode.
//   node test/support/screenshots.mjs                  the pictures that README shows, into resources/screenshots
//   node test/support/screenshots.mjs DIR --all        every screen, light and dark, 1280x800 and 1920x1080, into DIR
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const args = process.argv.slice(2);
const isAll = args.includes('--all');
const outDir = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(root, 'resources/screenshots'));
const SCREENS = ['Model', 'Data', 'Histograms', 'Precision', 'Run', 'Results', 'History'];

const home = mkdtempSync(join(tmpdir(), 'calib-pictures-'));
const server = spawn(process.execPath, [join(root, 'out/main/calib.js'), 'serve', '--port', '0', '--root', home], {
  env: { ...process.env, CALIB_HOME: home },
});
const url = await new Promise((done) =>
  server.stdout.on('data', (text) => /http:\S+/.test(text) && done(/http:\S+/.exec(text)[0])),
);
const browser = await chromium.launch({
  executablePath: process.env.CALIB_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});

async function open(dark, width, height) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: 'Open the sample' }).waitFor();
  return page;
}

const show = async (page, screen) => {
  await page.getByRole('navigation', { name: 'Screens' }).getByText(screen, { exact: true }).click();
  await page.waitForTimeout(1500); // charts, thumbnails and the graph settle
};

async function openSample(page) {
  await page.getByRole('button', { name: 'Open the sample' }).click();
  await page.getByRole('slider', { name: /Threshold/ }).waitFor({ timeout: 60_000 });
}

const jobDone = async (page) => {
  await page.getByTestId('jobs-running').waitFor();
  await page.getByTestId('jobs-idle').getByText(/done/i).waitFor({ timeout: 300_000 });
};

/** One run with a plan worth looking at: first layer and head in FP16. */
async function runSample(page) {
  await openSample(page);
  await show(page, 'Precision');
  await page.getByRole('button', { name: 'First layer and head in FP16' }).click();
  await show(page, 'Run');
  await page.getByRole('button', { name: /^Run (everything|again)$/ }).click();
  await jobDone(page);
}

const showPrecision = async (page, tab) => {
  await show(page, 'Precision');
  await page.getByRole('navigation', { name: 'Precision screens' }).getByText(tab, { exact: true }).click();
  await page.waitForTimeout(1500);
};

/**
 * What takes seconds to a minute and fills the screens of the analyses: release gain, and a search with entropy's
 * thresholds.
 */
async function analyseSample(page) {
  await showPrecision(page, 'Sensitivity');
  await page.getByRole('button', { name: 'Measure', exact: true }).click();
  await jobDone(page);
  await showPrecision(page, 'Search');
  await page.getByLabel('Thresholds').selectOption('entropy');
  await page.getByLabel('Images to judge by').fill('200');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Search', exact: true }).last().click();
  await jobDone(page);
}

const picture = (page, name) => page.screenshot({ path: join(outDir, `${name}.png`) });

try {
  mkdirSync(outDir, { recursive: true });
  const first = await open(false, 1280, 800);
  await runSample(first);
  await analyseSample(first);
  await first.context().close();
  const looks = isAll
    ? [
        [false, 1280, 800],
        [true, 1280, 800],
        [false, 1920, 1080],
        [true, 1920, 1080],
      ]
    : [[false, 1280, 800]];
  for (const [dark, width, height] of looks) {
    const page = await open(dark, width, height);
    const suffix = isAll ? `-${dark ? 'dark' : 'light'}-${width}` : '';
    if (isAll) await picture(page, `start${suffix}`);
    await openSample(page);
    for (const screen of isAll ? SCREENS : ['Histograms', 'Precision', 'Results']) {
      await show(page, screen);
      await picture(page, `${screen.toLowerCase()}${suffix}`);
    }
    for (const tab of ['Sensitivity', 'Search']) {
      await showPrecision(page, tab);
      await picture(page, `${tab.toLowerCase()}${suffix}`);
    }
    await page.context().close();
  }
} finally {
  await browser.close();
  server.kill('SIGINT');
  rmSync(home, { recursive: true, force: true });
}
