import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import { NO_BROWSER, openSample, openScreen, UiSession } from '../support/ui-session';

const FIRST = '/f/f.0/Conv';

describe.skipIf(NO_BROWSER !== null)(
  `the analyses in a browser${NO_BROWSER === null ? '' : ` (${NO_BROWSER})`}`,
  () => {
    let ui: UiSession;
    let page: Page;

    const projectFile = (): ProjectFile =>
      JSON.parse(readFileSync(join(ui.home, 'sample/plate_chars.calib/project.json'), 'utf8')) as ProjectFile;
    const openPrecisionTab = (name: 'Plan' | 'Sensitivity' | 'Search'): Promise<void> =>
      page.getByRole('navigation', { name: 'Precision screens' }).getByText(name, { exact: true }).click();
    const jobDone = (): Promise<void> => page.getByTestId('jobs-idle').getByText(/done/i).waitFor({ timeout: 150_000 });
    const setNumber = async (label: string, value: string): Promise<void> => {
      await page.getByLabel(label).fill(value);
      await page.keyboard.press('Enter');
    };

    beforeAll(async () => {
      ui = await UiSession.open();
      page = await ui.window();
      await openSample(page);
    });
    afterAll(() => ui.close());

    it('says what sensitivity costs, measures the release gain and shows it in strip, table and graph', async () => {
      await openScreen(page, 'Precision');
      await openPrecisionTab('Sensitivity');
      await setNumber('Images at most, spread over the set', '8');
      await page.getByText(/About \d+ models on 8 images: the work of \d+ passes/).waitFor();
      await page.getByRole('button', { name: 'Measure', exact: true }).click();
      await jobDone();
      const rows = page.getByRole('grid', { name: 'Layers by score' }).getByRole('row');
      await expect.poll(() => rows.count()).toBeGreaterThan(10);
      const scores = await page
        .getByRole('grid', { name: 'Layers by score' })
        .getByRole('gridcell', { name: /^[+−]?\d+\.\d+ dB$/ })
        .allInnerTexts();
      expect(scores[0]).toMatch(/^\+/);
      expect(await page.getByRole('radio', { name: 'Sensitivity' }).isChecked()).toBe(true);
      await page.getByRole('slider', { name: 'Layers from input to output, by score' }).press('End');
      await expect.poll(() => decodeURIComponent(page.url())).toMatch(/layer=/);
    });

    it('toggles a layer to FP16 from its row, without putting the answer out of date, and takes it back', async () => {
      await page.getByRole('searchbox', { name: 'Find a layer' }).fill('f.0/Conv');
      await page
        .getByRole('group', { name: `Precision of ${FIRST}` })
        .getByRole('button', { name: 'FP16' })
        .click();
      await expect.poll(() => projectFile().plan.layers).toEqual({ [FIRST]: 'fp16' });
      expect(await page.getByText('Out of date').count()).toBe(0);
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().plan.layers).toEqual({});
    });

    it('marks the answer as out of date when the thresholds change', async () => {
      await openScreen(page, 'Histograms');
      await page
        .getByRole('button', { name: /^.*MinMax/ })
        .first()
        .click();
      await expect.poll(() => Object.values(projectFile().tensorMethods)).toEqual(['minmax']);
      await openScreen(page, 'Precision');
      await openPrecisionTab('Sensitivity');
      await page.getByText('Out of date').waitFor();
      await page.keyboard.press('Control+z');
      await page.getByText('Out of date').waitFor({ state: 'detached' });
    });

    it('searches plans, adopts one with one click and undoes it by its name', async () => {
      await openPrecisionTab('Search');
      await setNumber('Images to judge by', '24');
      await setNumber('Layers out of INT8, at most', '2');
      await page.getByLabel('Thresholds').selectOption('entropy');
      await page
        .getByText(/passes/)
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Search', exact: true }).last().click();
      await page.getByRole('grid', { name: 'Plans' }).waitFor({ timeout: 120_000 });
      const plans = page.getByRole('grid', { name: 'Plans' }).getByRole('row');
      await expect.poll(() => plans.count()).toBeGreaterThan(2);
      await expect.poll(() => page.getByTestId('search-point').count()).toBeGreaterThan(0);
      const adopt = plans.filter({ hasNotText: 'all INT8' }).getByRole('button', { name: 'Adopt' }).first();
      await adopt.click();
      await expect.poll(() => Object.keys(projectFile().plan.layers).length).toBeGreaterThan(0);
      await page.getByTitle(/Undo.*adopt plan with \d+ FP16 layers?/).waitFor();
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().plan.layers).toEqual({});
    }, 180_000);

    it('shows layers while it measures, and says after a cancellation that what was measured is kept', async () => {
      await openPrecisionTab('Sensitivity');
      // Three models for each layer, on all images: the first layers are known long before the last one.
      await page.getByRole('radio', { name: /^Cause/ }).check();
      await setNumber('Images at most, spread over the set', '400');
      const panel = page.getByRole('region', { name: 'Measure', exact: true });
      await panel.getByRole('button', { name: 'Measure', exact: true }).click();
      await panel.getByRole('region', { name: 'Layers so far' }).getByRole('row').first().waitFor();
      await panel.getByRole('button', { name: 'Cancel' }).click();
      await panel.getByText('Cancelled. What was measured is kept').waitFor({ timeout: 20_000 });
    });

    it('lets auto choose, says plainly what it is, and uses it for all tensors as one step', async () => {
      await openScreen(page, 'Histograms');
      await page.getByRole('radio', { name: 'What auto chose' }).check();
      await setNumber('Images to choose on; others confirm it', '8');
      await page
        .getByRole('region', { name: 'What auto chose' })
        .getByRole('button', { name: 'Let auto choose' })
        .click();
      await jobDone();
      await page.getByText(/^(Better than any single method|No better than one method)\./).waitFor();
      expect(
        await page.getByRole('table').filter({ hasText: 'Choice per tensor' }).getByRole('row').count(),
      ).toBeGreaterThan(4);
      await page
        .getByRole('region', { name: 'What auto chose' })
        .getByRole('button', { name: 'Use auto for all tensors' })
        .click();
      await expect.poll(() => projectFile().method).toBe('auto');
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().method).toBe('entropy');
    }, 120_000);

    it('says why night got worse and makes the change that wins it back', async () => {
      await openScreen(page, 'Run');
      await page.getByLabel('Rounds').fill('1');
      await page.getByLabel('Image limit').fill('200');
      await page.getByRole('button', { name: /^Run (everything|again)$/ }).click();
      await page.getByTestId('jobs-running').waitFor();
      await jobDone();
      await openScreen(page, 'Results');
      await page.getByRole('button', { name: 'Why did night get worse?' }).click();
      const why = page.getByRole('region', { name: 'Why: group night' });
      await why.getByRole('button', { name: 'Find out' }).click();
      await why.getByText('What wins them back').waitFor({ timeout: 120_000 });
      expect(await why.innerText()).toMatch(/Right answers [\d.]+ % → [\d.]+ %/);
      await why
        .getByRole('button', { name: /^Apply: / })
        .first()
        .click();
      await expect
        .poll(() => Object.keys({ ...projectFile().tensorMethods, ...projectFile().plan.layers }).length)
        .toBe(1);
      await why.getByText('Out of date').waitFor();
      await page.keyboard.press('Control+z');
      await expect
        .poll(() => Object.keys({ ...projectFile().tensorMethods, ...projectFile().plan.layers }).length)
        .toBe(0);
      await expectAccessible(page);
      await why
        .getByTitle(/^Show the histogram of/)
        .first()
        .click();
      await page.getByRole('slider', { name: /Threshold/ }).waitFor();
    }, 180_000);

    it('has no serious accessibility problem, light and dark', async () => {
      for (const dark of [false, true]) {
        await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
        await openScreen(page, 'Histograms');
        await page.getByRole('radio', { name: 'What auto chose' }).check();
        await expectAccessible(page);
        await openScreen(page, 'Precision');
        for (const tab of ['Sensitivity', 'Search', 'Plan'] as const) {
          await openPrecisionTab(tab);
          await page.waitForLoadState('load');
          await expectAccessible(page);
        }
      }
    });

    it('reported no error in any window', () => {
      expect(ui.problems).toEqual([]);
    });
  },
);

async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const serious = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  });
  expect(serious).toEqual([]);
}
