import { type GraphLayout, NODE_HEIGHT, NODE_WIDTH } from './graph-layout';
import type { GraphStructure } from './graph-structure';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** The neighbours of each node, for moving through the graph with the arrow keys. Nodes are identified by index. */
export class GraphWalk {
  private readonly producers: number[][];
  private readonly consumers: number[][];

  constructor(
    private readonly structure: GraphStructure,
    private readonly layout: GraphLayout,
  ) {
    this.producers = structure.nodes.map(() => []);
    this.consumers = structure.nodes.map(() => []);
    for (const { from, to } of structure.edges) {
      this.consumers[from]?.push(to);
      this.producers[to]?.push(from);
    }
  }

  /**
   * Up: the nearest producer; down: the nearest consumer; left and right: the next node at about the same height. null
   * if there is none.
   */
  next(node: number, direction: Direction): number | null {
    if (direction === 'up') return this.nearest(node, this.producers[node] ?? []);
    if (direction === 'down') return this.nearest(node, this.consumers[node] ?? []);
    return this.beside(node, direction === 'left' ? -1 : 1);
  }

  /** The producers and consumers of a node. */
  neighbours(node: number): readonly number[] {
    return [...new Set([...(this.producers[node] ?? []), ...(this.consumers[node] ?? [])])];
  }

  private nearest(node: number, candidates: readonly number[]): number | null {
    return this.least(
      candidates,
      (candidate) => Math.abs(this.y(candidate) - this.y(node)) + Math.abs(this.x(candidate) - this.x(node)),
    );
  }

  private beside(node: number, sign: -1 | 1): number | null {
    const REACH_Y = 70;
    const candidates = [...this.structure.nodes.keys()].filter(
      (other) => (this.x(other) - this.x(node)) * sign > 1 && Math.abs(this.y(other) - this.y(node)) <= REACH_Y,
    );
    return this.least(
      candidates,
      (other) => Math.abs(this.x(other) - this.x(node)) + 2 * Math.abs(this.y(other) - this.y(node)),
    );
  }

  private least(candidates: readonly number[], cost: (node: number) => number): number | null {
    return candidates.reduce<number | null>(
      (best, candidate) => (best === null || cost(candidate) < cost(best) ? candidate : best),
      null,
    );
  }

  private x(node: number): number {
    return this.layout.centres[node * 2] ?? 0;
  }

  private y(node: number): number {
    return this.layout.centres[node * 2 + 1] ?? 0;
  }
}

/** React Flow's viewport: screen = graph * zoom + offset. */
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
/** If the whole graph needs a lower zoom, it is not shown as a whole at first, because names would be illegible. */
const READABLE_ZOOM = 0.6;
const MARGIN = 24;

/** The whole graph if it is legible, otherwise its beginning at full size. */
export function firstViewPoint(layout: GraphLayout, pane: Size): ViewPoint {
  const whole = Math.min(1, (pane.width - 2 * MARGIN) / layout.width, (pane.height - 2 * MARGIN) / layout.height);
  const zoom = whole >= READABLE_ZOOM ? whole : clamp((pane.width - 2 * MARGIN) / layout.width, READABLE_ZOOM, 1);
  const isWhole = whole >= READABLE_ZOOM;
  const firstX = layout.centres[0] ?? layout.width / 2;
  const centreX = layout.width * zoom <= pane.width ? layout.width / 2 : firstX;
  return { x: pane.width / 2 - centreX * zoom, y: isWhole ? (pane.height - layout.height * zoom) / 2 : MARGIN, zoom };
}

/** A viewport with node `index` in the centre, at a legible zoom. */
export function viewPointOn(layout: GraphLayout, index: number, pane: Size, zoom: number): ViewPoint {
  const near = clamp(zoom, READABLE_ZOOM, MAX_ZOOM);
  return {
    x: pane.width / 2 - (layout.centres[index * 2] ?? 0) * near,
    y: pane.height / 2 - (layout.centres[index * 2 + 1] ?? 0) * near,
    zoom: near,
  };
}

/** Whether node `index` is completely visible and legible. */
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
