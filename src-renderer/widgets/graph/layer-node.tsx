import { Handle, Position, type NodeProps } from '@xyflow/react';
import type { CSSProperties } from 'react';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { PrecisionBadge } from '../badge';
import { classNames } from '../class-names';
import { ModelName } from '../model-name';
import type { FlowNode } from './flow-elements';
import { useGraphContent } from './graph-context';
import { useGraphView } from './graph-view';
import { colourOf, colourProperty } from './layer-colour';

/** Where edges begin and end; React Flow measures them when a node comes into sight. */
function Ends() {
  return (
    <>
      <Handle type="target" position={Position.Top} isConnectable={false} className="graph-end" />
      <Handle type="source" position={Position.Bottom} isConnectable={false} className="graph-end" />
    </>
  );
}

/** A layer: op and precision above, its name below, its colour on the left edge. */
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
        'graph-node',
        isSelected && 'graph-node-selected',
        cursor === id && 'graph-node-cursor',
        changed.has(data.name) && 'graph-node-changed',
        matches !== null && (matches.has(data.name) ? 'graph-node-match' : 'graph-node-other'),
      )}
      style={style}
      title={`${row.layer}\n${row.reason}`}
    >
      <span className="graph-node-head">
        <span className="graph-node-op">{row.op}</span>
        <PrecisionBadge precision={row.runsIn} />
      </span>
      <span className="graph-node-name">
        <ModelName name={row.layer} short={row.shortName} />
      </span>
      <Ends />
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
        'graph-node graph-terminal',
        isSelected && 'graph-node-selected',
        cursor === id && 'graph-node-cursor',
      )}
      title={data.name}
    >
      <span className="graph-node-op">{t(type === 'model-input' ? 'model.graph.input' : 'model.graph.output')}</span>
      <span className="graph-node-name">
        <ModelName name={data.name} />
      </span>
      <Ends />
    </div>
  );
}
