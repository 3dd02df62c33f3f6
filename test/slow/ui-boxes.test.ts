import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calib } from '../support/calib-process';
import { sharedDir, sharedPath } from '../support/shared';
import { NO_BROWSER, openScreen, UiSession } from '../support/ui-session';

const CALIBRATION_IMAGES = 8;
const VALIDATION_IMAGES = 12;

/** A decoder that reads the outputs of the model of blood cells: boxes in pixels beside class scores. */
const TASK = {
  kind: 'detection',
  decoder: {
    kind: 'yolov8',
    outputs: ['output0'],
    boxForm: 'cxcywh',
    boxUnit: 'pixels',
    activation: 'none',
    minScore: 0.01,
    nmsIou: 0.65,
    classAgnostic: false,
    maxDetections: 100,
  },
};

/** Copies photographs with their Pascal VOC files, so that a set has the given number of images. */
function copySet(from: 'train' | 'val', to: string, count: number): string {
  const dir = sharedPath('data', 'cells', from);
  const images = readdirSync(dir).filter((name) => name.endsWith('.jpg'));
  for (const image of images.sort().slice(0, count))
    for (const name of [image, image.replace('.jpg', '.xml')]) cpSync(join(dir, name), join(to, name));
  return to;
}

/** What a picture shows, by its accessible name. */
const labelOf = async (page: Page): Promise<string> =>
  (await page.getByRole('dialog').getByRole('img', { name: /Blood/ }).first().getAttribute('aria-label')) ?? '';

/** Milliseconds that the page may take to draw on a busy machine. */
const PATIENCE = { timeout: 30_000 };

describe.skipIf(NO_BROWSER !== null || sharedDir() === null)('boxes of a detector', { timeout: 240_000 }, () => {
  let ui: UiSession;
  let page: Page;

  beforeAll(async () => {
    ui = await UiSession.open();
    const project = join(ui.home, 'cells.calib');
    const path = (name: string): string => join(ui.home, name);
    cpSync(sharedPath('models', 'cells_detector.onnx'), path('cells.onnx'));
    writeFileSync(path('names.txt'), 'RBC\nWBC\nPlatelets\n');
    writeFileSync(path('task.json'), JSON.stringify(TASK));
    const validation = copySet('val', path('val'), VALIDATION_IMAGES);
    const made = await calib(
      ...['init', path('cells.onnx'), '-o', project],
      ...['--calibration', copySet('train', path('train'), CALIBRATION_IMAGES), '--validation', validation],
      ...['--labels', validation, '--class-names', path('names.txt'), '--task', path('task.json')],
      ...['--letterbox', '320x320', '--letterbox-align', 'center', '--scale', '1/255', '--order', 'rgb'],
    );
    expect(made.stderr + made.stdout).not.toContain('Error');
    await calib('run', project, '--variants', 'fp32,int8-entropy', '--rounds', '1');
    page = await ui.window();
    await page.getByLabel('Open by path').fill(project);
    await page.keyboard.press('Enter');
    await openScreen(page, 'Results');
  }, 240_000);

  afterAll(() => ui.close());

  it('are compared by AP, by class and by size, not by top-1', async () => {
    const table = page.getByRole('region', { name: 'Variants' });
    await table.getByRole('columnheader', { name: /^AP/ }).waitFor();
    expect(await table.innerText()).not.toContain('Top-1');
    const classes = page.getByRole('region', { name: /AP .*by class/ });
    await classes.getByRole('row', { name: /RBC/ }).waitFor();
    await page.getByRole('region', { name: 'Scores' }).getByRole('columnheader', { name: 'AP large' }).waitFor();
  });

  it('are drawn large with truth, FP32 and INT8; keys switch them and walk through the images', async () => {
    const images = page.getByRole('region', { name: 'Images that got worse' });
    await images
      .getByRole('button', { name: /Show Blood.* large/ })
      .first()
      .click();
    await expect.poll(() => labelOf(page), PATIENCE).toMatch(/Truth \d+ boxes, fp32 \d+ boxes, int8-entropy \d+ box/);
    await page.keyboard.press('2');
    await expect.poll(() => labelOf(page), PATIENCE).not.toContain('fp32');
    await page.keyboard.press('2');
    await expect.poll(() => labelOf(page), PATIENCE).toContain('fp32');
    const title = page.getByRole('dialog').getByRole('heading', { level: 2 });
    await expect.poll(() => title.innerText(), PATIENCE).toMatch(/\(1 of \d+\)/);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => title.innerText(), PATIENCE).toMatch(/\(2 of \d+\)/);
    // The boxes really are on the canvas: the photograph has no pixel of the truth's yellow.
    const canvas = page.getByRole('dialog').locator('canvas').first();
    const yellow = (): Promise<number> =>
      canvas.evaluate((element) => {
        const own = element as HTMLCanvasElement;
        const data = own.getContext('2d')?.getImageData(0, 0, own.width, own.height).data ?? [];
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === 240 && data[i + 1] === 228 && data[i + 2] === 66) count += 1;
        return count;
      });
    await expect.poll(yellow, PATIENCE).toBeGreaterThan(100);
    await page.keyboard.press('1');
    await expect.poll(yellow, PATIENCE).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(ui.problems).toEqual([]);
  });

  it('are drawn large by a click that began while the small picture was loading', async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/api/call', async (route) => {
      const { method } = route.request().postDataJSON() as { readonly method?: string };
      if (method === 'getImageAnswers') await answered;
      await route.continue();
    });
    await page.reload();
    await openScreen(page, 'Results');
    const small = page.getByRole('button', { name: /Show Blood.* large/ }).first();
    await small.scrollIntoViewIfNeeded();
    await small.locator('[aria-busy="true"]').waitFor();
    const { x, y, width, height } = (await small.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    answer();
    await small.locator('figure').first().waitFor();
    await page.mouse.up();
    await page.getByRole('dialog').waitFor();
  });
});
