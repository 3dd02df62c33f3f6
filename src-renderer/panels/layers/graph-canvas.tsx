import { type EdgeTypes, type NodeTypes, ReactFlow, useReactFlow, useStore, useStoreApi } from '@xyflow/react';
import { type KeyboardEvent, useCallback, useEffect, useMemo, useState } from 'react';
import { ownValue } from '../../../src-shared/base/records';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { classNames } from '../../widgets/class-names';
import {
  type FlowEdge,
  flowEdges,
  type FlowNode,
  flowNodes,
  LayerNode,
  TensorEdge,
  TerminalNode,
} from './flow-elements';
import type { GraphLayout } from './graph-layout';
import {
  type Direction,
  firstViewPoint,
  GraphWalk,
  isInSight,
  MAX_ZOOM,
  MIN_ZOOM,
  type ViewPoint,
  viewPointOn,
} from './graph-navigation';
import { GraphOverview } from './graph-overview';
import { type GraphStructure, layerNodeId } from './graph-structure';
import { ZoomButtons } from './graph-toolbar';
import { type GraphContent, GraphContentContext } from './graph-view';
import styles from './graph-canvas.module.css';
import flowElementsStyles from './flow-elements.module.css';

const NODE_TYPES: NodeTypes = { layer: LayerNode, 'model-input': TerminalNode, 'model-output': TerminalNode };
const EDGE_TYPES: EdgeTypes = { tensor: TensorEdge };
/** The attribution of React Flow is hidden here, because the settings screen has it. */
const HIDDEN_ATTRIBUTION = { hideAttribution: true };
/** Below this zoom, names are illegible, so that nodes are drawn as plain coloured areas. */
const FAR_ZOOM = 0.4;
const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

export interface GraphCanvasProps {
  readonly structure: GraphStructure;
  readonly layout: GraphLayout;
  readonly content: Omit<GraphContent, 'cursor'>;
  readonly onChooseLayer: (layer: string) => void;
}

/** The graph itself; it must be inside a ReactFlowProvider. */
export function GraphCanvas({ structure, layout, content, onChooseLayer }: GraphCanvasProps) {
  const layer = useSelection((state) => state.layer);
  const select = useSelection((state) => state.select);
  const indexById = useMemo(() => new Map(structure.nodes.map((node, index) => [node.id, index])), [structure]);
  const walk = useMemo(() => new GraphWalk(structure, layout), [structure, layout]);
  const nodes = useMemo(() => flowNodes(structure, layout), [structure, layout]);
  const edges = useMemo(() => flowEdges(structure, layout), [structure, layout]);
  const selected = layer === null ? undefined : indexById.get(layerNodeId(layer));
  const camera = useCamera(layout, selected);
  const isFar = useStore((state) => state.transform[2] < FAR_ZOOM);
  const [cursor, setCursor] = useState<number | null>(null);
  // The keyboard cursor is reset when another layer is chosen.
  const [walked, setWalked] = useState({ layer, structure });
  if (walked.layer !== layer || walked.structure !== structure) {
    setWalked({ layer, structure });
    setCursor(null);
  }
  const { matches } = content;
  const { keepInSight } = camera;
  useEffect(() => {
    const first = structure.nodes.findIndex((node) => node.kind === 'layer' && matches?.has(node.name) === true);
    if (first >= 0) keepInSight(first);
  }, [matches, structure, keepInSight]);

  const choose = useCallback(
    (index: number): void => {
      const node = structure.nodes[index];
      if (node?.kind === 'layer') onChooseLayer(node.name);
      else if (node !== undefined)
        select({ tensor: node.name, layer: node.kind === 'input' ? firstReader(structure, index) : null });
    },
    [structure, onChooseLayer, select],
  );
  const moveCursor = (index: number | null): void => {
    if (index === null) return;
    setCursor(index);
    camera.keepInSight(index);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const at = cursor ?? selected ?? null;
    const direction = ownValue(ARROWS, event.key);
    if (direction !== undefined) moveCursor(at === null ? 0 : walk.next(at, direction));
    else if (event.key === 'Home') moveCursor(0);
    else if (event.key === 'End') moveCursor(structure.nodes.length - 1);
    else if (event.key === 'Enter' && at !== null) choose(at);
    else if (event.key === 'Escape' && cursor !== null) setCursor(null);
    else if (event.key === '+' || event.key === '=') camera.zoomBy(1.25);
    else if (event.key === '-') camera.zoomBy(0.8);
    else if (event.key === '0') camera.showAll();
    else if (event.key === 'f' && at !== null) camera.show(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const cursorNode = cursor === null ? undefined : structure.nodes[cursor];
  const shown = useMemo<GraphContent>(() => ({ ...content, cursor: cursorNode?.id ?? null }), [content, cursorNode]);
  return (
    <GraphContentContext value={shown}>
      <div
        className={classNames(styles.root, isFar && flowElementsStyles.far)}
        role="application"
        tabIndex={0}
        aria-label={t('model.graph.label')}
        aria-describedby="graph-keys"
        onKeyDown={onKeyDown}
      >
        <ReactFlow<FlowNode, FlowEdge>
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onNodeClick={(_, node) => choose(indexById.get(node.id) ?? -1)}
          onEdgeClick={(_, { data }) => data !== undefined && select({ tensor: data.tensor, layer: data.toLayer })}
          onInit={() => camera.start()}
          minZoom={MIN_ZOOM}
          maxZoom={MAX_ZOOM}
          onlyRenderVisibleElements
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          zoomActivationKeyCode={null}
          panActivationKeyCode={null}
          panOnScroll
          zoomOnDoubleClick={false}
          proOptions={HIDDEN_ATTRIBUTION}
        />
        <GraphOverview structure={structure} layout={layout} />
        <ZoomButtons
          hasSelection={selected !== undefined}
          onShowSelection={() => (selected === undefined ? undefined : camera.show(selected))}
          onShowAll={camera.showAll}
        />
        <p id="graph-keys" className="visually-hidden">
          {t('model.graph.keys')}
        </p>
        <p className="visually-hidden" aria-live="polite">
          {cursorNode === undefined ? '' : cursorText(cursorNode.name, content)}
        </p>
      </div>
    </GraphContentContext>
  );
}

/** The first layer that reads the tensor; its inspector shows the reason for the tensor's precision. */
function firstReader(structure: GraphStructure, index: number): string | null {
  const edge = structure.edges.find(({ from }) => from === index);
  const reader = edge === undefined ? undefined : structure.nodes[edge.to];
  return reader?.kind === 'layer' ? reader.name : null;
}

function cursorText(name: string, content: Omit<GraphContent, 'cursor'>): string {
  const row = content.rowOf(name);
  return row === undefined
    ? name
    : t('model.graph.cursor', { layer: name, op: row.op, precision: row.runsIn.toUpperCase() });
}

/** Controls the view; node `selected` is scrolled into view whenever it changes. */
function useCamera(layout: GraphLayout, selected: number | undefined) {
  const flow = useReactFlow();
  const store = useStoreApi();
  const look = useCallback((view: ViewPoint): void => void flow.setViewport(view), [flow]);
  const pane = useCallback(() => ({ width: store.getState().width, height: store.getState().height }), [store]);
  const keepInSight = useCallback(
    (index: number): void => {
      const size = pane();
      const view = flow.getViewport();
      if (size.width > 0 && !isInSight(layout, index, size, view)) look(viewPointOn(layout, index, size, view.zoom));
    },
    [flow, layout, look, pane],
  );
  useEffect(() => {
    if (selected !== undefined) keepInSight(selected);
  }, [selected, keepInSight]);
  return {
    keepInSight,
    start: () =>
      look(selected === undefined ? firstViewPoint(layout, pane()) : viewPointOn(layout, selected, pane(), 1)),
    show: (index: number) => look(viewPointOn(layout, index, pane(), 1)),
    showAll: () => void flow.fitView({ padding: 0.05 }),
    zoomBy: (factor: number) => void flow.zoomTo(flow.getZoom() * factor),
  };
}
