import { boolean, integer, object, type InferOutput } from '../../src-shared/base/schema';
import { writeFileAtomic } from '../base/atomic-file';
import { readStoredJson } from '../base/json-file';

const boundsSchema = object({ x: integer, y: integer, width: integer, height: integer });
/** Position and size in device-independent pixels. */
export type Bounds = InferOutput<typeof boundsSchema>;

const windowStateSchema = object({ bounds: boundsSchema, isMaximized: boolean });
export type WindowState = InferOutput<typeof windowStateSchema>;

export const MIN_WIDTH = 960;
export const MIN_HEIGHT = 600;
const DEFAULT_WIDTH = 1440;
const DEFAULT_HEIGHT = 900;
/** Number of pixels of a window that must be on a screen, so that the user can drag it. */
const MIN_VISIBLE = 120;

/** The saved state; null if there is no usable one. The window then opens at its default position. */
export function readWindowState(path: string): WindowState | null {
  return readStoredJson(path, windowStateSchema);
}

export async function writeWindowState(path: string, state: WindowState): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(state));
}

/**
 * The position of the window: the saved one if it is still on a screen, otherwise centred on the first screen. There is
 * one work area per screen.
 */
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

/** The title bar is at the top, so only its height must be on the screen, not that of the window. */
function overlap(window: Bounds, area: Bounds): boolean {
  const visibleWidth = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  return visibleWidth >= MIN_VISIBLE && window.y >= area.y && window.y <= area.y + area.height - MIN_VISIBLE;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(value, max));
}
