import type { EdgeProps } from '@xyflow/react';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { classNames } from '../class-names';
import { edgeMark, edgePath, isLabelLeft, type FlowEdge } from './flow-elements';
import { useGraphContent } from './graph-context';
import type { EdgePlacement } from './graph-structure';
import { useGraphView } from './graph-view';
import { useReasonText } from './reason-text';

/** A tensor on its way into a layer; a diamond marks Q/DQ, a text the reason. */
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
    <g className="graph-edge-decision">
      <title>{edgeText(data.tensor, placement)}</title>
      {/* A line of one pixel is hard to point at. */}
      <path className="graph-edge-target" d={path} />
      <path className={classNames('graph-edge', isTensorSelected && 'graph-edge-selected')} d={path} />
      {hasQdq(placement) ? <path className="graph-edge-mark" d={`M${mark.x},${mark.y - 5}l5,5l-5,5l-5,-5z`} /> : null}
      {placement !== undefined && (isReasonShown || (isLayerSelected && placement.isOwn)) ? (
        <text
          className={classNames('graph-edge-label', !placement.isOwn && 'graph-edge-label-none')}
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

/** The tensor, and below it the reason for its Q/DQ or for there being none. */
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
