import type { GraphLayout } from './graph-layout';
import type { GraphStructure } from './graph-structure';

/** To the layout worker: one structure. */
export type LayoutRequest = GraphStructure;
/** From the layout worker: progress, and at the end the layout. */
export type LayoutReply =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'done'; readonly layout: GraphLayout }
  | { readonly type: 'failed'; readonly message: string };
