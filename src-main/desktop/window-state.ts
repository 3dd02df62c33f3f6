import { existsSync, readFileSync } from 'node:fs';
import { boolean, integer, objectOf, ShapeError } from '../../src-shared/base/json-shape';
import { writeFileAtomic } from '../base/atomic-file';

/** Device-independent pixels. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  readonly bounds: Bounds;
  readonly isMaximized: boolean;
}

export const MIN_WIDTH = 960;
export const MIN_HEIGHT = 600;
const DEFAULT_WIDTH = 1440;
const DEFAULT_HEIGHT = 900;
/** So much of a window must be on a screen that a person can take hold of it. */
const MIN_VISIBLE = 120;

const shape = objectOf<WindowState>(
  { bounds: objectOf<Bounds>({ x: integer, y: integer, width: integer, height: integer }, {}), isMaximized: boolean },
  {},
);

/** What was saved, or null when there is nothing usable: a window's place is no reason to fail. */
export function readWindowState(path: string): WindowState | null {
  if (!existsSync(path)) return null;
  try {
    return shape(JSON.parse(readFileSync(path, 'utf8')), '');
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

export async function writeWindowState(path: string, state: WindowState): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(state));
}

/** Where the window opens: as saved when that is still on a screen, else centred on the first. `workAreas` has one entry per screen. */
export function openingBounds(saved: Bounds | null, workAreas: readonly Bounds[]): Bounds {
  const first = workAreas[0] ?? { x: 0, y: 0, width: DEFAULT_WIDTH, height: DEFAULT_HEIGHT };
  if (saved !== null) {
    const area = workAreas.find((candidate) => overlap(saved, candidate));
    if (area !== undefined)
      return {
        ...saved,
        width: clamp(saved.width, MIN_WIDTH, area.width),
        height: clamp(saved.height, MIN_HEIGHT, area.height),
      };
  }
  const width = clamp(DEFAULT_WIDTH, MIN_WIDTH, first.width);
  const height = clamp(DEFAULT_HEIGHT, MIN_HEIGHT, first.height);
  return {
    x: first.x + Math.round((first.width - width) / 2),
    y: first.y + Math.round((first.height - height) / 2),
    width,
    height,
  };
}

/** The title bar is at the top, so that its height counts and not the window's. */
function overlap(window: Bounds, area: Bounds): boolean {
  const visibleWidth = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  return visibleWidth >= MIN_VISIBLE && window.y >= area.y && window.y <= area.y + area.height - MIN_VISIBLE;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(value, max));
}
