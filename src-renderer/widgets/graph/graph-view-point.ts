import { NODE_HEIGHT, NODE_WIDTH, type GraphLayout } from './graph-layout';

/** What React Flow calls a viewport: screen = graph * zoom + offset. */
export interface ViewPoint {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}
interface Size {
  readonly width: number;
  readonly height: number;
}

export const MIN_ZOOM = 0.12;
export const MAX_ZOOM = 1.6;
/** Below this a graph is not shown as a whole at first: names could not be read. */
const READABLE_ZOOM = 0.6;
const MARGIN = 24;

/** The whole graph where it stays legible, else its beginning at full size. */
export function firstViewPoint(layout: GraphLayout, pane: Size): ViewPoint {
  const whole = Math.min(1, (pane.width - 2 * MARGIN) / layout.width, (pane.height - 2 * MARGIN) / layout.height);
  const zoom = whole >= READABLE_ZOOM ? whole : clamp((pane.width - 2 * MARGIN) / layout.width, READABLE_ZOOM, 1);
  const isWhole = whole >= READABLE_ZOOM;
  const firstX = layout.centres[0] ?? layout.width / 2;
  const centreX = layout.width * zoom <= pane.width ? layout.width / 2 : firstX;
  return { x: pane.width / 2 - centreX * zoom, y: isWhole ? (pane.height - layout.height * zoom) / 2 : MARGIN, zoom };
}

/** Shows node `index` in the middle, legibly. */
export function viewPointOn(layout: GraphLayout, index: number, pane: Size, zoom: number): ViewPoint {
  const near = clamp(zoom, READABLE_ZOOM, MAX_ZOOM);
  return {
    x: pane.width / 2 - (layout.centres[index * 2] ?? 0) * near,
    y: pane.height / 2 - (layout.centres[index * 2 + 1] ?? 0) * near,
    zoom: near,
  };
}

/** Whether node `index` is wholly in sight and legible. */
export function isInSight(layout: GraphLayout, index: number, pane: Size, view: ViewPoint): boolean {
  const x = (layout.centres[index * 2] ?? 0) * view.zoom + view.x;
  const y = (layout.centres[index * 2 + 1] ?? 0) * view.zoom + view.y;
  const halfWidth = (NODE_WIDTH / 2) * view.zoom;
  const halfHeight = (NODE_HEIGHT / 2) * view.zoom;
  return (
    view.zoom >= READABLE_ZOOM / 2 &&
    x - halfWidth >= 0 &&
    x + halfWidth <= pane.width &&
    y - halfHeight >= 0 &&
    y + halfHeight <= pane.height
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
