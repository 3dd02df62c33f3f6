import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openingBounds, readWindowState, writeWindowState } from '../../../src-main/desktop/window-state';
import { useTempDirs } from '../../support/temp-dir';

const SCREEN = { x: 0, y: 0, width: 1920, height: 1080 };
const SECOND = { x: 1920, y: 0, width: 1280, height: 800 };

describe('window state', () => {
  const tempDir = useTempDirs();

  it('is read as it was written', async () => {
    const path = join(tempDir(), 'window.json');
    const state = { bounds: { x: -5, y: 10, width: 1200, height: 800 }, isMaximized: true };
    await writeWindowState(path, state);
    expect(readWindowState(path)).toEqual(state);
  });

  it.each(['', '{', '[]', '{"bounds":{"x":"0"}}'])('is nothing when the file holds %j', (text) => {
    const path = join(tempDir(), 'window.json');
    writeFileSync(path, text);
    expect(readWindowState(path)).toBeNull();
    expect(readWindowState(`${path}.absent`)).toBeNull();
  });

  it('opens where the window was, on the screen it was on', () => {
    const saved = { x: 2000, y: 40, width: 1200, height: 700 };
    expect(openingBounds(saved, [SCREEN, SECOND])).toEqual(saved);
  });

  it('opens centred when that screen is gone', () => {
    expect(openingBounds({ x: 2000, y: 40, width: 1200, height: 700 }, [SCREEN])).toEqual({
      x: 240,
      y: 90,
      width: 1440,
      height: 900,
    });
  });

  it('is never larger than the screen, and never so high that its title cannot be reached', () => {
    expect(openingBounds({ x: 0, y: 0, width: 4000, height: 3000 }, [SCREEN])).toMatchObject({
      width: 1920,
      height: 1080,
    });
    expect(openingBounds({ x: 0, y: -500, width: 1200, height: 800 }, [SCREEN])).toMatchObject({ y: 90 });
  });
});
