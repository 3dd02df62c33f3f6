import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/shared';
import { NO_BROWSER, openSample, openScreen, UiSession } from '../support/ui-session';

const OUT_OF_DATE = 'Out of date: the project has changed since.';

/** The radio lies under its label, which takes the pointer. */
const showHealth = (page: Page): Promise<void> => page.getByRole('radio', { name: 'Health' }).check({ force: true });

describe.skipIf(NO_BROWSER !== null)('the health of the sample’s calibration set', { timeout: 180_000 }, () => {
  let ui: UiSession;
  let page: Page;

  beforeAll(async () => {
    ui = await UiSession.open();
    page = await ui.window();
    await openSample(page);
    await openScreen(page, 'Data');
    await showHealth(page);
  });

  afterAll(() => ui.close());

  it('is unknown until it is checked; the check names the group that entropy clips and shows its groups', async () => {
    await page.getByText('The calibration set was not checked yet').waitFor();
    await page.getByRole('button', { name: 'Check the set' }).click();
    const findings = page.getByRole('list', { name: 'Findings' });
    await findings.waitFor({ timeout: 120_000 });
    await findings.getByText(/entropy clips .* of night/).waitFor();
    const groups = page.getByTestId('health-set').getByRole('table');
    expect(await groups.getByRole('row').allInnerTexts()).toEqual([
      expect.stringContaining('Group'),
      expect.stringContaining('day'),
      expect.stringContaining('night'),
    ]);
    await page.getByTestId('health-set').locator('.js-plotly-plot, svg').first().waitFor();
  });

  it('compares with a folder, whose tensors open in the histogram screen', async () => {
    const folder = join(ui.home, 'field/night');
    mkdirSync(folder, { recursive: true });
    const root = join(REPO_ROOT, 'resources/sample/validation/night');
    for (const label of readdirSync(root).slice(0, 16))
      copyFileSync(join(root, label, readdirSync(join(root, label))[0] ?? ''), join(folder, `${label}.jpg`));
    await page.getByLabel(/Compare with images/).fill(join(ui.home, 'field'));
    await page.getByRole('button', { name: 'Check again' }).click();
    const field = page.getByRole('region', { name: 'Images from the field' });
    await field.waitFor({ timeout: 120_000 });
    expect(await field.getByRole('row').filter({ hasText: 'night' }).first().innerText()).toMatch(/night\s+16\s/);
    const row = field.getByRole('grid').getByRole('row').nth(1);
    const tensor = (await row.locator('[title]').first().getAttribute('title')) ?? '';
    await row.dblclick();
    await page.getByRole('slider', { name: /Threshold/ }).waitFor();
    expect(new URL(page.url()).hash).toContain('/histogram');
    expect(decodeURIComponent(page.url())).toContain(`tensor=${tensor}`);
  });

  it('is there after a reload, and out of date after an edit', async () => {
    await page.reload();
    await openScreen(page, 'Data');
    await showHealth(page);
    await page.getByRole('region', { name: 'Images from the field' }).waitFor();
    expect(await page.getByText(OUT_OF_DATE).count()).toBe(0);
    await openScreen(page, 'Precision');
    await page.getByRole('button', { name: 'First layer and head in FP16' }).click();
    await openScreen(page, 'Data');
    await showHealth(page);
    await page.getByText(OUT_OF_DATE).waitFor();
  });

  it('has no serious accessibility problem, light and dark, and reported no error', async () => {
    const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    for (const dark of [false, true]) {
      const window = await ui.window({ dark });
      await openSample(window);
      await openScreen(window, 'Data');
      await showHealth(window);
      await window.getByRole('list', { name: 'Findings' }).waitFor();
      await window.evaluate(source);
      const serious = await window.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
        };
        const { violations } = await axe.run();
        return violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
      });
      expect([dark, serious]).toEqual([dark, []]);
      await window.context().close();
    }
    expect(ui.problems).toEqual([]);
  });
});
