import { useReactFlow, useStore } from '@xyflow/react';
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { useView } from '../../state/view';
import { type GraphLayout, NODE_HEIGHT, NODE_WIDTH } from './graph-layout';
import type { GraphStructure } from './graph-structure';
import { colourOf, colourProperty, type LayerColour, useGraphContent, useGraphView } from './graph-view';
import { classNames } from '../../widgets/class-names';
import styles from './graph-overview.module.css';

const WIDTH = 56;

/**
 * A map of the whole model beside the graph, scaled to the height of the view. The axes have separate scales, because
 * networks are long chains. Dragging moves the view. It is hidden from assistive technology, because everything in it
 * can be reached with the keyboard in the graph.
 */
export function GraphOverview({
  structure,
  layout,
}: {
  readonly structure: GraphStructure;
  readonly layout: GraphLayout;
}) {
  const flow = useReactFlow();
  const paneWidth = useStore((state) => state.width);
  const paneHeight = useStore((state) => state.height);
  const [x, y, zoom] = useStore((state) => state.transform);
  const [isDragging, setDragging] = useState(false);
  const scaleX = WIDTH / layout.width;
  const scaleY = paneHeight / layout.height;

  const moveTo = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const centreY = (event.clientY - box.top) / scaleY;
    const centreX = (event.clientX - box.left) / scaleX;
    const isWide = layout.width * zoom > paneWidth;
    void flow.setViewport({ x: isWide ? paneWidth / 2 - centreX * zoom : x, y: paneHeight / 2 - centreY * zoom, zoom });
  };
  return (
    <div
      className={classNames(styles.root, 'nopan', 'nowheel')}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragging(true);
        moveTo(event);
      }}
      onPointerMove={(event) => (isDragging ? moveTo(event) : undefined)}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
    >
      <OverviewPicture structure={structure} layout={layout} height={paneHeight} />
      <div
        className={styles.window}
        style={{
          transform: `translate(${(-x / zoom) * scaleX}px, ${(-y / zoom) * scaleY}px)`,
          width: (paneWidth / zoom) * scaleX,
          height: Math.max(3, (paneHeight / zoom) * scaleY),
        }}
      />
    </div>
  );
}

interface PictureProps {
  readonly structure: GraphStructure;
  readonly layout: GraphLayout;
  readonly height: number;
}

function OverviewPicture({ structure, layout, height }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const content = useGraphContent();
  const mode = useGraphView((state) => state.colourMode);
  const theme = useView((state) => state.resolvedTheme);
  const { rowOf, matches } = content;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || !context || height === 0) return;
    const ratio = window.devicePixelRatio;
    element.width = WIDTH * ratio;
    element.height = height * ratio;
    context.scale(ratio, ratio);
    const computed = getComputedStyle(element);
    const paint = (colour: LayerColour): string => computed.getPropertyValue(colourProperty(colour));
    const colours = new Map<LayerColour, string>();
    const scaleX = WIDTH / layout.width;
    const scaleY = height / layout.height;
    structure.nodes.forEach((node, index) => {
      const row = node.kind === 'layer' ? rowOf(node.name) : undefined;
      const colour = row === undefined ? 'unknown' : colourOf(row, mode);
      const painted = colours.get(colour) ?? paint(colour);
      colours.set(colour, painted);
      context.fillStyle = painted;
      context.globalAlpha = matches === null || matches.has(node.name) ? 1 : 0.25;
      const left = ((layout.centres[index * 2] ?? 0) - NODE_WIDTH / 2) * scaleX;
      const top = ((layout.centres[index * 2 + 1] ?? 0) - NODE_HEIGHT / 2) * scaleY;
      context.fillRect(left, top, Math.max(1, NODE_WIDTH * scaleX - 1), Math.max(1, NODE_HEIGHT * scaleY - 1));
    });
    // `theme` is a dependency, because it changes the values of the custom properties.
  }, [structure, layout, height, rowOf, matches, mode, theme]);
  return <canvas ref={canvas} style={{ width: WIDTH, height }} />;
}
