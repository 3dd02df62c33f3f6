import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import { calib } from '../support/calib-process';
import { NO_BROWSER, openSample, openScreen, UiSession } from '../support/ui-session';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

const TENSOR = '/f/f.4/pre/pre.5/Relu_output_0';

describe.skipIf(NO_BROWSER !== null)(
  `the workbench in a browser${NO_BROWSER === null ? '' : ` (${NO_BROWSER})`}`,
  () => {
    let ui: UiSession;
    let page: Page;
    let tensors: Locator;

    const projectFile = (name = 'sample/plate_chars.calib'): ProjectFile =>
      JSON.parse(readFileSync(join(ui.home, name, 'project.json'), 'utf8')) as ProjectFile;

    /** Validates FP32 and the project's INT8 on a part of the set and returns the row of INT8. */
    const validateInt8 = async (): Promise<string> => {
      await openScreen(page, 'Run');
      await page.getByRole('button', { name: 'Validate', exact: true }).click();
      const row = page.getByTestId('run-job').getByRole('row', { name: /int8/ }).first();
      await row.waitFor({ timeout: 60_000 });
      return row.innerText();
    };

    beforeAll(async () => {
      ui = await UiSession.open();
      page = await ui.window();
      tensors = page.getByRole('listbox', { name: 'Tensors' });
    });
    afterAll(() => ui.close());

    it('opens the sample in one click, calibrated, at the tensor that suffers most', async () => {
      await openSample(page);
      await expect.poll(() => page.getByRole('heading', { level: 2 }).first().textContent()).toBe(TENSOR);
      await tensors.getByRole('option').first().click();
      await expect.poll(() => decodeURIComponent(page.url())).toContain(`tensor=${TENSOR}`);
      expect(page.url()).not.toContain('token');
    });

    it('steps back and forth through tensors, and opens the same one after a reload', async () => {
      await tensors.getByRole('option').nth(3).click();
      const chosen = page.url();
      await tensors.getByRole('option').nth(1).click();
      await expect.poll(() => page.url()).not.toBe(chosen);
      await page.goBack();
      await expect.poll(() => page.url()).toBe(chosen);
      const shown = await page.getByRole('slider', { name: /Threshold/ }).getAttribute('aria-valuenow');
      await page.goForward();
      await expect.poll(() => page.url()).not.toBe(chosen);
      await page.goBack();
      await page.reload();
      await expect
        .poll(() => page.getByRole('slider', { name: /Threshold/ }).getAttribute('aria-valuenow'))
        .toBe(shown);
      expect(page.url()).toBe(chosen);
      await tensors.getByRole('option').first().click();
    });

    it('asks for the token where an address was copied, once, and shows the same thing', async () => {
      const other = await ui.window();
      await other.evaluate(() => sessionStorage.clear());
      const before = ui.problems.length;
      await other.goto('about:blank');
      await other.goto(page.url());
      const field = other.getByLabel('Address or token');
      await field.fill('not-the-token');
      await field.press('Enter');
      await other.getByText('This is not the token of the server').waitFor();
      expect(await other.getByTestId('notices').getByRole('alert').count()).toBe(0);
      await field.fill(ui.url);
      await field.press('Enter');
      await other.getByRole('slider', { name: /Threshold/ }).waitFor();
      expect(other.url()).toBe(page.url());
      // The browser itself reports each refusal.
      for (const problem of ui.problems.splice(before)) expect(problem).toContain('401');
      await other.context().close();
    });

    it('says beside the field why a threshold is not taken', async () => {
      const field = page.getByLabel('By hand');
      const before = projectFile().manualThresholds;
      for (const text of ['abc', '-1', '0', '1e9']) {
        await field.fill(text);
        await field.press('Tab');
        await page
          .getByRole('alert')
          .getByText(/Enter a number above 0, at most [\d.]+\. [\d.]+ stays in use\./)
          .waitFor();
        expect(await field.getAttribute('aria-invalid')).toBe('true');
      }
      await field.press('Escape');
      expect(await field.getAttribute('aria-invalid')).toBe('false');
      expect(projectFile().manualThresholds).toEqual(before);
    });

    it('keeps preprocessing that is not applied, and asks before a job starts', async () => {
      const saved = projectFile().preprocessing;
      await openScreen(page, 'Data');
      await page.getByLabel('Mean').fill('0.25');
      await openScreen(page, 'Run');
      await openScreen(page, 'Data');
      expect(await page.getByLabel('Mean').inputValue()).toBe('0.25');
      await openScreen(page, 'Run');
      await page.getByRole('button', { name: 'Calibrate', exact: true }).dblclick();
      const dialog = page.getByRole('dialog', { name: 'Preprocessing was changed and not applied' });
      await dialog.getByRole('button', { name: 'Go back' }).click();
      expect(await page.getByTestId('jobs-running').count()).toBe(0);
      await page.getByRole('button', { name: 'Calibrate', exact: true }).click();
      await dialog.getByRole('button', { name: 'Discard and start' }).click();
      await page.getByTestId('jobs-idle').getByText('Calibrate: done').waitFor({ timeout: 60_000 });
      expect(projectFile().preprocessing).toEqual(saved);
    });

    it('calls histograms of another preprocessing out of date', async () => {
      await openScreen(page, 'Data');
      await page.getByLabel('Mean').fill('0.25');
      await page.getByRole('button', { name: 'Apply to the project' }).click();
      await expect.poll(() => projectFile().preprocessing.mean).toEqual([0.25]);
      await openScreen(page, 'Histograms');
      await page.getByRole('heading', { name: 'The histograms are out of date' }).waitFor();
      // What can be undone is kept over a reload.
      await page.reload();
      await page.getByRole('heading', { name: 'The histograms are out of date' }).waitFor();
      await page.getByRole('button', { name: 'Undo', exact: true }).click();
      await page.getByRole('slider', { name: /Threshold/ }).waitFor();
      expect(projectFile().preprocessing.mean).toEqual([0]);
    });

    it('shows an accuracy that changes when a threshold is dragged', async () => {
      await openScreen(page, 'Run');
      for (const variant of ['int8-minmax', 'int8-entropy', 'mixed'])
        await page.getByRole('button', { name: variant, exact: false, pressed: true }).first().click();
      await page
        .getByRole('group', { name: 'Variants' })
        .getByRole('button', { name: /^\S*\s*int8$/ })
        .click();
      await page.getByLabel('Image limit').fill('200');
      const before = await validateInt8();

      await openScreen(page, 'Histograms');
      const handle = page.getByRole('slider', { name: /Threshold/ });
      await handle.waitFor();
      const box = await handle.boundingBox();
      if (!box) throw new Error('the handle has no box');
      const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      await page.mouse.move(start.x, start.y);
      await page.mouse.down();
      for (let step = 1; step <= 10; step++) await page.mouse.move(start.x + step * 40, start.y);
      await page.mouse.up();
      await expect.poll(() => projectFile().manualThresholds[TENSOR] ?? 0).toBeGreaterThan(2);

      await validateInt8();
      await expect
        .poll(() => page.getByTestId('run-job').getByRole('row', { name: /int8/ }).first().innerText(), {
          timeout: 60_000,
        })
        .not.toBe(before);
    });

    it('undoes and redoes the threshold by its name', async () => {
      await openScreen(page, 'Histograms');
      const dragged = projectFile().manualThresholds[TENSOR];
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().manualThresholds[TENSOR]).toBeUndefined();
      await page.keyboard.press('Control+Shift+z');
      await expect.poll(() => projectFile().manualThresholds[TENSOR]).toBe(dragged);
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().tensorMethods).toEqual({});
    });

    it('collects TensorRT’s own grid and shows what its threshold costs day and night', async () => {
      await openScreen(page, 'Run');
      await page.getByLabel('Also collect TensorRT’s own grid').check();
      await page.getByRole('button', { name: 'Calibrate', exact: true }).click();
      await page.getByText(/TensorRT’s grid: \d+ thresholds at 32 images a batch/).waitFor({ timeout: 60_000 });
      await page.getByLabel('Also collect TensorRT’s own grid').uncheck();
      await openScreen(page, 'Histograms');
      const costs = page.getByRole('region', { name: 'Cost of each method per group' }).getByRole('row');
      await expect.poll(() => costs.first().innerText()).toMatch(/All\s+day\s+night/);
      await expect
        .poll(() => costs.filter({ has: page.getByTitle('TensorRT Entropy2') }).innerText())
        .toMatch(/dB[\s\S]*%/);
      await page.getByTitle(/^Use TensorRT Entropy2/).waitFor();
    });

    it('writes the quantized model beside the project', async () => {
      await openScreen(page, 'Run');
      await page.getByRole('button', { name: 'Export', exact: true }).click();
      await page.getByText(/QuantizeLinear.*DequantizeLinear/).waitFor({ timeout: 60_000 });
      expect(readFileSync(join(ui.home, 'sample/plate_chars-mixed-onnxruntime.onnx')).length).toBeGreaterThan(10_000);
    });

    it('toggles a layer to FP16 and takes it back', async () => {
      await openScreen(page, 'Precision');
      await page
        .getByRole('group', { name: /f\.0\/Conv/ })
        .first()
        .getByRole('button', { name: 'FP16' })
        .click();
      await expect.poll(() => projectFile().plan.layers).toEqual({ '/f/f.0/Conv': 'fp16' });
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().plan.layers).toEqual({});
    });

    const toggle = (layer: RegExp) => page.getByRole('group', { name: layer }).first();
    const pressed = (layer: RegExp) => toggle(layer).getByRole('button', { pressed: true }).innerText();

    it('keeps the second of two quick clicks on a toggle, and gives a layer back to Auto', async () => {
      for (const gapMs of [0, 20, 50, 100]) {
        await toggle(/f\.0\/Conv/)
          .getByRole('button', { name: 'FP16' })
          .click();
        await page.waitForTimeout(gapMs);
        await toggle(/f\.0\/Conv/)
          .getByRole('button', { name: 'FP32' })
          .click();
        await expect
          .poll(() => projectFile().plan.layers, { message: `${gapMs} ms` })
          .toEqual({ '/f/f.0/Conv': 'fp32' });
        await toggle(/f\.0\/Conv/)
          .getByRole('button', { name: 'FP16' })
          .click();
        await page.waitForTimeout(gapMs);
        await toggle(/f\.0\/Conv/)
          .getByRole('button', { name: 'Auto' })
          .click();
        await expect.poll(() => projectFile().plan.layers, { message: `${gapMs} ms` }).toEqual({});
      }
      expect(await pressed(/f\.0\/Conv/)).toBe('Auto');
      expect(await page.getByRole('dialog').count()).toBe(0);
    });

    it('asks for INT8 in a layer that the rules of TensorRT keep in floating point for speed', async () => {
      await page.getByRole('radio', { name: 'TensorRT' }).first().click({ force: true });
      await page.getByRole('searchbox').first().fill('small-matrix');
      await toggle(/fc\/Gemm/)
        .getByRole('button', { name: 'INT8' })
        .click();
      await expect.poll(() => projectFile().plan.layers).toEqual({ '/fc/Gemm': 'int8' });
      await page.getByRole('searchbox').first().fill('fc/Gemm');
      const runsIn = page
        .getByRole('row')
        .filter({ has: toggle(/fc\/Gemm/) })
        .getByRole('img')
        .first();
      await expect.poll(() => runsIn.getAttribute('aria-label')).toBe('INT8');
      await toggle(/fc\/Gemm/)
        .getByRole('button', { name: 'Auto' })
        .click();
      await expect.poll(() => runsIn.getAttribute('aria-label')).not.toBe('INT8');
      expect(projectFile().plan.layers).toEqual({});
      await page.getByRole('searchbox').first().fill('');
      await page.getByRole('radio', { name: 'ONNX Runtime' }).first().click({ force: true });
      await expect.poll(() => projectFile().target).toBe('onnxruntime');
    });

    it('asks what to do when a command has changed a layer of an edit meanwhile', async () => {
      const project = join(ui.home, 'sample/plate_chars.calib');
      const { code } = await calib('set', project, '--layer', '*f.0/Conv', '--precision', 'fp32');
      expect(code).toBe(0);
      await page.getByLabel('Layers named').fill('*f.?/Conv');
      await page.getByRole('button', { name: 'FP16', exact: true }).first().click();
      const dialog = page.getByRole('dialog', { name: 'Changed meanwhile' });
      await dialog.getByText('/f/f.0/Conv').waitFor();
      expect(projectFile().plan.layers).toEqual({ '/f/f.0/Conv': 'fp32' });
      await dialog.getByRole('button', { name: 'Apply my edit anyway' }).click();
      await expect.poll(() => projectFile().plan.layers).toEqual({ '/f/f.0/Conv': 'fp16' });
      await page.keyboard.press('Control+z');
      await expect.poll(() => projectFile().plan.layers).toEqual({ '/f/f.0/Conv': 'fp32' });
      await toggle(/f\.0\/Conv/)
        .getByRole('button', { name: 'Auto' })
        .click();
      await expect.poll(() => projectFile().plan.layers).toEqual({});
    });

    it('shows an edit in a second tab', async () => {
      const other = await ui.window();
      await other.goto(page.url().replace(/\/#/, `/?token=${new URL(ui.url).searchParams.get('token') ?? ''}#`));
      await openScreen(other, 'Precision');
      await other.getByRole('button', { name: 'First layer and head in FP16' }).click();
      await expect.poll(() => Object.keys(projectFile().plan.layers).length).toBe(2);
      await openScreen(page, 'Precision');
      await expect
        .poll(() =>
          page
            .getByRole('group', { name: /f\.0\/Conv/ })
            .first()
            .locator('[aria-pressed="true"]')
            .innerText(),
        )
        .toContain('16');
      await other.context().close();
    });

    it('runs the whole job, survives a reload during it, and can be cancelled', async () => {
      await openScreen(page, 'Run');
      await page.getByLabel('Rounds').fill('500'); // long enough to be met by everything that follows
      await page.getByRole('button', { name: /^Run (everything|again)$/ }).click();
      await page.getByTestId('jobs-running').waitFor();
      await page.reload();
      await page.getByTestId('jobs-running').waitFor();
      await page.getByTestId('jobs-running').getByRole('button', { name: 'Cancel' }).click();
      await page
        .getByTestId('jobs-idle')
        .getByText(/cancelled/i)
        .waitFor();

      await openScreen(page, 'Run');
      await page.getByLabel('Rounds').fill('2');
      await page.getByRole('button', { name: /^Run (everything|again)$/ }).click();
      await page.getByTestId('jobs-running').waitFor();
      await page.getByTestId('jobs-idle').getByText(/done/i).waitFor({ timeout: 120_000 });
      await openScreen(page, 'Results');
      const table = page.getByRole('table').first();
      await table.waitFor();
      expect(await table.innerText()).toMatch(/fp32[\s\S]*int8/);
    });

    it('takes a dropped model to a calibrated project', async () => {
      await writeTinyModel(join(ui.home, 'tiny.onnx'));
      await writeTinyImages(join(ui.home, 'images'), 40);
      await drop(page, 'tiny.onnx', readFileSync(join(ui.home, 'tiny.onnx')));
      const dialog = page.getByRole('dialog', { name: 'New project' });
      await dialog.waitFor();
      await dialog.getByLabel(/Calibration images/).fill(join(ui.home, 'images'));
      await dialog.getByLabel('Project folder').fill(join(ui.home, 'dropped.calib'));
      await dialog.getByRole('button', { name: 'Create the project' }).click();
      await dialog.waitFor({ state: 'detached' });
      expect(projectFile('dropped.calib').calibrationSet.path).toContain('images');
      // Not in the folder of uploads, which the next server would not open.
      expect(projectFile('dropped.calib').model.path).toBe('../tiny.onnx');
      await openScreen(page, 'Run');
      await page.getByRole('button', { name: 'Calibrate', exact: true }).click();
      await page.getByTestId('jobs-idle').getByText(/done/i).waitFor({ timeout: 60_000 });
      await openScreen(page, 'Histograms');
      await page.getByRole('slider', { name: /Threshold/ }).waitFor();
    });

    it('says what is wrong with a broken model and with a file that is none', async () => {
      await drop(page, 'broken.onnx', Buffer.from('this is no model'));
      await page
        .getByText(/broken\.onnx.*(not an ONNX model|is not)/i)
        .first()
        .waitFor();
      await page.keyboard.press('Escape');
      await drop(page, 'notes.docx', Buffer.from('hello'));
      const refusal = page.getByRole('dialog', { name: 'This cannot be opened' });
      await refusal.getByText('notes.docx').waitFor();
      await page.keyboard.press('Escape');
    });

    it('has no serious accessibility problem on any screen, light and dark', async () => {
      const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      for (const dark of [false, true]) {
        const window = await ui.window({ dark });
        await openSample(window);
        for (const screen of [
          'Start',
          'Model',
          'Data',
          'Histograms',
          'Precision',
          'Run',
          'Results',
          'History',
        ] as const) {
          await openScreen(window, screen);
          await window.locator('main').waitFor();
          await window.waitForLoadState('load');
          await window.evaluate(source);
          const serious = await window.evaluate(async () => {
            const { axe } = window as unknown as {
              axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
            };
            const { violations } = await axe.run();
            const isMeant = ({ id, impact }: { id: string; impact: string }): boolean =>
              impact === 'serious' || impact === 'critical' || id === 'heading-order' || id === 'landmark-unique';
            return violations.filter(isMeant).map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
          });
          expect([dark, screen, serious]).toEqual([dark, screen, []]);
        }
        await window.context().close();
      }
    });

    it('reported no error in any window', () => {
      expect(ui.problems).toEqual([]);
    });
  },
);

/** Drops a file on the window as a person would from a file manager. */
async function drop(page: Page, name: string, content: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ fileName, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], fileName));
      return data;
    },
    { fileName: name, base64: content.toString('base64') },
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}
