import { type Edge, type EdgeProps, Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import type { CSSProperties } from 'react';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { PrecisionBadge } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import { ModelName } from '../../widgets/model-name';
import { type GraphLayout, NODE_HEIGHT, NODE_WIDTH } from './graph-layout';
import type { EdgePlacement, GraphStructure } from './graph-structure';
import { colourOf, colourProperty, useGraphContent, useGraphView } from './graph-view';
import { useReasonText } from './layer-rows';
import styles from './flow-elements.module.css';
import graphStyles from './graph.module.css';

// The data types for React Flow must be type aliases, because an interface is not assignable to Record<string,
// unknown>.
export type FlowNodeData = { readonly name: string };
export type FlowEdgeData = {
  readonly tensor: string;
  readonly toLayer: string | null;
  readonly bends: readonly number[];
};
/** The names differ from `input` and `output`, because React Flow has its own styles for these types. */
export type FlowNode = Node<FlowNodeData, 'layer' | 'model-input' | 'model-output'>;
export type FlowEdge = Edge<FlowEdgeData, 'tensor'>;

const SIZE = { width: NODE_WIDTH, height: NODE_HEIGHT };
/**
 * Sizes and handles are given explicitly, so that React Flow needs no measurements and can omit nodes outside the view.
 */
const HANDLES: NonNullable<FlowNode['handles']> = [
  { type: 'target', position: Position.Top, x: NODE_WIDTH / 2, y: 0, width: 0, height: 0 },
  { type: 'source', position: Position.Bottom, x: NODE_WIDTH / 2, y: NODE_HEIGHT, width: 0, height: 0 },
];

export function flowNodes(structure: GraphStructure, layout: GraphLayout): FlowNode[] {
  return structure.nodes.map((node, index) => ({
    id: node.id,
    type: node.kind === 'layer' ? node.kind : (`model-${node.kind}` as const),
    position: {
      x: (layout.centres[index * 2] ?? 0) - NODE_WIDTH / 2,
      y: (layout.centres[index * 2 + 1] ?? 0) - NODE_HEIGHT / 2,
    },
    data: { name: node.name },
    ...SIZE,
    measured: SIZE,
    handles: HANDLES,
  }));
}

export function flowEdges(structure: GraphStructure, layout: GraphLayout): FlowEdge[] {
  return structure.edges.map((edge, index) => {
    const to = structure.nodes[edge.to];
    return {
      id: edge.id,
      type: 'tensor',
      source: structure.nodes[edge.from]?.id ?? '',
      target: to?.id ?? '',
      data: { tensor: edge.tensor, toLayer: to?.kind === 'layer' ? to.name : null, bends: layout.bends[index] ?? [] },
    };
  });
}

interface Ends {
  readonly sourceX: number;
  readonly sourceY: number;
  readonly targetX: number;
  readonly targetY: number;
}

/** A path along the bends with rounded corners; it passes through the midpoints between successive bends. */
export function edgePath({ sourceX, sourceY, targetX, targetY }: Ends, bends: readonly number[]): string {
  if (bends.length === 0) {
    const middle = (sourceY + targetY) / 2;
    return `M${sourceX},${sourceY}C${sourceX},${middle} ${targetX},${middle} ${targetX},${targetY}`;
  }
  const points = pointsOf(bends);
  const parts = [`M${sourceX},${sourceY}`];
  points.forEach((point, index) => {
    const next = points[index + 1];
    const end =
      next === undefined ? { x: targetX, y: targetY } : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    parts.push(`Q${point.x},${point.y} ${end.x},${end.y}`);
  });
  return parts.join('');
}

/** The position of the Q/DQ mark of an edge: near the end of the edge, but before edges into the same layer meet. */
export function edgeMark(
  { sourceX, sourceY, targetX, targetY }: Ends,
  bends: readonly number[],
): { readonly x: number; readonly y: number } {
  const points = pointsOf(bends);
  const last = points.at(-1);
  if (last === undefined) {
    const t = sourceX === targetX ? 0.62 : 0.5;
    const middle = (sourceY + targetY) / 2;
    const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
    return { x: (a + b) * sourceX + (c + d) * targetX, y: a * sourceY + (b + c) * middle + d * targetY };
  }
  const before = points.at(-2);
  const from =
    before === undefined ? { x: sourceX, y: sourceY } : { x: (before.x + last.x) / 2, y: (before.y + last.y) / 2 };
  const t = 0.55;
  const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
  return { x: a * from.x + b * last.x + c * targetX, y: a * from.y + b * last.y + c * targetY };
}

/**
 * If an edge bends around other nodes on the left, its label is placed on the left too, so that it does not cover them.
 */
export function isLabelLeft({ sourceX, targetX }: Ends, markX: number): boolean {
  return markX < Math.min(sourceX, targetX) - 4;
}

function pointsOf(flat: readonly number[]): { readonly x: number; readonly y: number }[] {
  return Array.from({ length: flat.length >> 1 }, (_, index) => ({
    x: flat[index * 2] ?? 0,
    y: flat[index * 2 + 1] ?? 0,
  }));
}

/** The ends of edges; React Flow measures them when a node becomes visible. */
function Handles() {
  return (
    <>
      <Handle type="target" position={Position.Top} isConnectable={false} className={styles.end} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} className={styles.end} />
    </>
  );
}

/** A layer: operator and precision above, name below, and its colour on the left edge. */
export function LayerNode({ id, data }: NodeProps<FlowNode>) {
  const { rowOf, cursor, changed, matches } = useGraphContent();
  const mode = useGraphView((state) => state.colourMode);
  const isSelected = useSelection((state) => state.layer === data.name);
  const row = rowOf(data.name);
  if (row === undefined) return null;
  const style = { '--graph-colour': `var(${colourProperty(colourOf(row, mode))})` } as CSSProperties;
  return (
    <div
      className={classNames(
        styles.node,
        isSelected && styles.nodeSelected,
        cursor === id && styles.nodeCursor,
        changed.has(data.name) && styles.nodeChanged,
        matches !== null && (matches.has(data.name) ? styles.nodeMatch : styles.nodeOther),
      )}
      style={style}
      title={`${row.layer}\n${row.reason}`}
    >
      <span className={styles.nodeHead}>
        <span className={styles.nodeOp}>{row.op}</span>
        <PrecisionBadge precision={row.runsIn} />
      </span>
      <span className={styles.nodeName}>
        <ModelName name={row.layer} short={row.shortName} />
      </span>
      <Handles />
    </div>
  );
}

/** An input or output of the model. */
export function TerminalNode({ id, type, data }: NodeProps<FlowNode>) {
  const { cursor } = useGraphContent();
  const isSelected = useSelection((state) => state.tensor === data.name);
  return (
    <div
      className={classNames(
        styles.node,
        styles.terminal,
        isSelected && styles.nodeSelected,
        cursor === id && styles.nodeCursor,
      )}
      title={data.name}
    >
      <span className={styles.nodeOp}>{t(type === 'model-input' ? 'model.graph.input' : 'model.graph.output')}</span>
      <span className={styles.nodeName}>
        <ModelName name={data.name} />
      </span>
      <Handles />
    </div>
  );
}

/** An edge for a tensor that a layer reads; a diamond marks Q/DQ, and a text shows the reason. */
export function TensorEdge({ data, ...ends }: EdgeProps<FlowEdge>) {
  const { placementOf } = useGraphContent();
  const isReasonShown = useGraphView((state) => state.isReasonShown);
  const isTensorSelected = useSelection((state) => state.tensor === data?.tensor);
  const isLayerSelected = useSelection((state) => state.layer !== null && state.layer === data?.toLayer);
  const edgeText = useEdgeText();
  if (data === undefined) return null;
  const placement = data.toLayer === null ? undefined : placementOf(data.toLayer, data.tensor);
  const path = edgePath(ends, data.bends);
  const mark = edgeMark(ends, data.bends);
  const isLeft = isLabelLeft(ends, mark.x);
  return (
    <g className={styles.edgeDecision}>
      <title>{edgeText(data.tensor, placement)}</title>
      {/* A wide invisible line, because a line of one pixel is hard to point at. */}
      <path className={styles.edgeTarget} d={path} />
      <path className={classNames(styles.edge, isTensorSelected && styles.edgeSelected)} d={path} />
      {hasQdq(placement) ? (
        <path className={graphStyles.edgeMark} d={`M${mark.x},${mark.y - 5}l5,5l-5,5l-5,-5z`} />
      ) : null}
      {placement !== undefined && (isReasonShown || (isLayerSelected && placement.isOwn)) ? (
        <text
          className={classNames(styles.edgeLabel, !placement.isOwn && styles.edgeLabelNone)}
          x={mark.x + (isLeft ? -9 : 9)}
          y={mark.y + 3.5}
          textAnchor={isLeft ? 'end' : 'start'}
        >
          {placement.decision.code}
        </text>
      ) : null}
    </g>
  );
}

function hasQdq(placement: EdgePlacement | undefined): boolean {
  return placement?.isOwn === true && placement.decision.precision === 'int8';
}

/** The name of the tensor, and below it the reason why it has or does not have Q/DQ. */
function useEdgeText(): (tensor: string, placement: EdgePlacement | undefined) => string {
  const reasonText = useReasonText();
  return (tensor, placement) => {
    if (placement === undefined) return `${tensor}\n${t('model.inspector.modelOutput')}`;
    const { decision, isOwn } = placement;
    return [tensor, ...(isOwn ? [] : [t('model.inspector.noQdq')]), `${decision.code}: ${reasonText(decision)}`].join(
      '\n',
    );
  };
}
