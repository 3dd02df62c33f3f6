import type { EdgeProps } from '@xyflow/react';
import { useSelection } from '../../state/selection';
import { classNames } from '../class-names';
import { edgeMark, edgePath, type FlowEdge } from './flow-elements';
import { useGraphContent } from './graph-context';
import { useGraphView } from './graph-view';
import { useReasonText } from './reason-text';

/** A tensor on its way into a layer; a diamond marks Q/DQ, a text the reason. */
export function TensorEdge({ data, ...ends }: EdgeProps<FlowEdge>) {
  const { decisionOf } = useGraphContent();
  const reasonText = useReasonText();
  const isReasonShown = useGraphView((state) => state.isReasonShown);
  const isTensorSelected = useSelection((state) => state.tensor === data?.tensor);
  const isLayerSelected = useSelection((state) => state.layer !== null && state.layer === data?.toLayer);
  if (data === undefined) return null;
  const decision = data.toLayer === null ? undefined : decisionOf(data.toLayer, data.tensor);
  const isQuantized = decision?.precision === 'int8';
  const mark = edgeMark(ends, data.bends);
  return (
    <>
      <path className={classNames('graph-edge', isTensorSelected && 'graph-edge-selected')} d={edgePath(ends, data.bends)} />
      {decision === undefined ? null : (
        <g className="graph-edge-decision">
          <title>{`${data.tensor}\n${decision.code}: ${reasonText(decision)}`}</title>
          {isQuantized ? <path className="graph-edge-mark" d={`M${mark.x},${mark.y - 5}l5,5l-5,5l-5,-5z`} /> : null}
          {isReasonShown || isLayerSelected ? (
            <text className="graph-edge-label" x={mark.x + 9} y={mark.y + 3.5}>
              {decision.code}
            </text>
          ) : null}
        </g>
      )}
    </>
  );
}
