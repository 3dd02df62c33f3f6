import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startCalib, type RunningCalib } from './calib-process';

const CHROMIUM = process.env['CALIB_CHROMIUM'] ?? '/usr/bin/chromium';

/** Why the browser tests cannot run here, or null. */
export const NO_BROWSER = existsSync(CHROMIUM) ? null : `no browser at ${CHROMIUM}`;

/** The built application behind `calib serve` with a data folder of its own, and a browser to look at it. */
export class UiSession {
  readonly problems: string[] = [];

  private constructor(
    readonly home: string,
    readonly url: string,
    private readonly server: RunningCalib,
    private readonly browser: Browser,
  ) {}

  static async open(): Promise<UiSession> {
    const home = mkdtempSync(join(tmpdir(), 'calib-ui-'));
    const server = startCalib(['serve', '--port', '0', '--root', home], { env: { CALIB_HOME: home } });
    const url = await server.stdoutMatch(/http:\/\/\S+/);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new UiSession(home, url, server, browser);
  }

  /** A window of its own (its own storage) on the start page. Errors that it reports are collected in `problems`. */
  async window(
    options: { readonly dark?: boolean; readonly width?: number; readonly height?: number } = {},
  ): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    await page.goto(this.url);
    await page.getByRole('navigation', { name: 'Screens' }).waitFor();
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.child.kill('SIGINT');
    await this.server.outcome;
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Opens a screen by its tab. */
export async function openScreen(
  page: Page,
  name: 'Start' | 'Model' | 'Data' | 'Histograms' | 'Precision' | 'Run' | 'Results' | 'History',
): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByText(name, { exact: true }).click();
}

/** Opens the sample from the start screen; it is calibrated when this resolves. */
export async function openSample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open the sample' }).click();
  await page.getByRole('slider', { name: /Threshold/ }).waitFor({ timeout: 60_000 });
}
