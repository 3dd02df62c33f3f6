import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useElementSize } from '../plot/use-element-size';
import { drawScene, type Overlay, type Scene } from './draw';
import { type PictureLayer, type Rectangle, shownBoxes } from './layers';
import {
  type Area,
  fitted,
  PAN_STEP_PX,
  panned,
  picturePoint,
  type PictureView,
  type Size,
  ZOOM_STEP,
  zoomed,
} from './zoom';
import styles from './picture-canvas.module.css';

export interface PictureCanvasProps {
  /** Address of the photograph in any resolution; null while it is loading. */
  readonly url: string | null;
  /** Size of the original picture, in whose pixels boxes and masks are given. */
  readonly size: Size;
  /** The layers to draw, in order. */
  readonly layers: readonly PictureLayer[];
  readonly overlay?: Overlay | null;
  readonly minScore: number;
  readonly isBright?: boolean;
  /** The accessible name: what is to be seen. */
  readonly label: string;
  /** The part that is visible; null: the whole picture. If absent, the picture cannot be zoomed and has no labels. */
  readonly zoom?: { readonly view: PictureView | null; readonly onChange: (view: PictureView | null) => void };
  /** Called with a point of the picture under the pointer, and with null when the pointer leaves. */
  readonly onPoint?: (point: { readonly x: number; readonly y: number } | null) => void;
}

/**
 * A photograph with boxes and a mask, drawn into one canvas, so that hundreds of boxes stay fast. With `zoom`, the
 * wheel and the keys + - 0 magnify, and dragging or Shift with arrow keys moves the picture.
 */
export function PictureCanvas(props: PictureCanvasProps) {
  const { url, size, layers, overlay = null, minScore, isBright = false, label, zoom, onPoint } = props;
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { widthPx, heightPx } = useElementSize(root);
  const frame = useMemo<Size>(() => ({ width: widthPx, height: heightPx }), [widthPx, heightPx]);
  const image = useImage(url);
  const area = { picture: size, frame };
  const view = zoom?.view ?? fitted(area);
  const scene = useMemo<Scene>(
    () => ({
      image,
      size,
      overlay,
      boxes: layers.map((layer) => ({ layer, boxes: shownBoxes(layer, minScore) })),
      isBright,
      hasLabels: zoom !== undefined,
    }),
    [image, size, overlay, layers, minScore, isBright, zoom],
  );
  useDrawing(canvas, scene, view, frame);
  const change = (next: PictureView): void => zoom?.onChange(next);
  useWheel(root, (factor, at) => change(zoomed(view, factor, at, area)), zoom !== undefined);
  const drag = useDrag((dx, dy) => change(panned(view, dx, dy, area)));
  const middle = { x: frame.width / 2, y: frame.height / 2 };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = viewOfKey(event, view, { middle, area });
    if (zoom === undefined || next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    zoom.onChange(next);
  };
  const point = (event: PointerEvent): void => {
    const box = root.current?.getBoundingClientRect();
    if (box !== undefined) onPoint?.(picturePoint(view, event.clientX - box.left, event.clientY - box.top));
  };
  return (
    <div
      ref={root}
      className={styles.root}
      {...(zoom === undefined
        ? {}
        : {
            tabIndex: 0,
            role: 'group',
            'aria-label': label,
            'data-autofocus': '',
            onKeyDown,
            onDoubleClick: () => zoom.onChange(null),
            onPointerDown: drag.onPointerDown,
            onPointerMove: (event: PointerEvent) => {
              drag.onPointerMove(event);
              point(event);
            },
            onPointerUp: drag.onPointerUp,
            onPointerLeave: () => onPoint?.(null),
          })}
    >
      <canvas ref={canvas} role="img" aria-label={label} className={styles.canvas} />
    </div>
  );
}

interface KeyContext {
  readonly middle: { readonly x: number; readonly y: number };
  readonly area: Area;
}

/** The view after a key press; null for the whole picture, undefined for other keys. */
function viewOfKey(
  event: KeyboardEvent,
  view: PictureView,
  { middle, area }: KeyContext,
): PictureView | null | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.key === '+' || event.key === '=') return zoomed(view, ZOOM_STEP, middle, area);
  if (event.key === '-') return zoomed(view, 1 / ZOOM_STEP, middle, area);
  if (event.key === '0') return null;
  if (!event.shiftKey) return undefined;
  const steps: ReadonlyMap<string, readonly [number, number]> = new Map([
    ['ArrowLeft', [PAN_STEP_PX, 0]],
    ['ArrowRight', [-PAN_STEP_PX, 0]],
    ['ArrowUp', [0, PAN_STEP_PX]],
    ['ArrowDown', [0, -PAN_STEP_PX]],
  ]);
  const step = steps.get(event.key);
  return step === undefined ? undefined : panned(view, step[0], step[1], area);
}

/** Draws at most once per animation frame, at the resolution of the screen. */
function useDrawing(
  canvas: { readonly current: HTMLCanvasElement | null },
  scene: Scene,
  view: PictureView,
  frame: Size,
): void {
  const { scale, left, top } = view;
  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null || frame.width === 0) return undefined;
    const handle = requestAnimationFrame(() => {
      const context = element.getContext('2d');
      if (context === null) return;
      const ratio = window.devicePixelRatio || 1;
      const width = Math.round(frame.width * ratio);
      const height = Math.round(frame.height * ratio);
      if (element.width !== width) element.width = width;
      if (element.height !== height) element.height = height;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawScene(context, scene, { scale, left, top }, frame);
    });
    return () => cancelAnimationFrame(handle);
  }, [canvas, scene, scale, left, top, frame]);
}

/** The loaded image of an address; null before it has loaded. */
function useImage(url: string | null): HTMLImageElement | null {
  const [loaded, setLoaded] = useState<{ readonly url: string; readonly image: HTMLImageElement } | null>(null);
  useEffect(() => {
    if (url === null) return undefined;
    let isCurrent = true;
    const image = new Image();
    image.onload = () => {
      if (isCurrent) setLoaded({ url, image });
    };
    image.src = url;
    return () => {
      isCurrent = false;
    };
  }, [url]);
  return loaded !== null && loaded.url === url ? loaded.image : null;
}

/** React registers wheel listeners as passive, which cannot keep the page from scrolling; this one can. */
function useWheel(
  root: { readonly current: HTMLElement | null },
  onZoom: (factor: number, at: { readonly x: number; readonly y: number }) => void,
  isEnabled: boolean,
): void {
  const latest = useRef(onZoom);
  useEffect(() => {
    latest.current = onZoom;
  });
  useEffect(() => {
    const element = root.current;
    if (element === null || !isEnabled) return undefined;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const steps = Math.max(-3, Math.min(3, event.deltaY / 100));
      latest.current(Math.pow(ZOOM_STEP, -steps), { x: event.clientX - box.left, y: event.clientY - box.top });
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [root, isEnabled]);
}

interface Drag {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
}

function useDrag(onMove: (dx: number, dy: number) => void): Drag {
  const last = useRef<{ readonly x: number; readonly y: number } | null>(null);
  return {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      last.current = { x: event.clientX, y: event.clientY };
    },
    onPointerMove: (event) => {
      if (last.current === null) return;
      onMove(event.clientX - last.current.x, event.clientY - last.current.y);
      last.current = { x: event.clientX, y: event.clientY };
    },
    onPointerUp: () => {
      last.current = null;
    },
  };
}

/** RGBA pixels as an overlay; null where the page cannot draw. */
export function overlayOf(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  { width, height, place }: { readonly width: number; readonly height: number; readonly place: Rectangle },
): Overlay | null {
  if (width === 0 || height === 0) return null;
  const image = document.createElement('canvas');
  image.width = width;
  image.height = height;
  const context = image.getContext('2d');
  if (context === null) return null;
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return { image, place };
}
