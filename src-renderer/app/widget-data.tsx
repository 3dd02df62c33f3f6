import { useMemo, type ReactNode } from 'react';
import { useSession } from '../state/session';
import { useView } from '../state/view';
import { NamedModel } from '../widgets/model-name';
import { PaneWidths } from '../widgets/three-panes';

/** Provides application data to the widgets inside it, because widgets do not access stores. */
export function WidgetData({ children }: { readonly children: ReactNode }) {
  const model = useSession((state) => state.model);
  const leftWidth = useView((state) => state.leftWidth);
  const rightWidth = useView((state) => state.rightWidth);
  const resize = useView((state) => state.resizePanes);
  const widths = useMemo(() => ({ leftWidth, rightWidth, resize }), [leftWidth, rightWidth, resize]);
  return (
    <NamedModel value={model}>
      <PaneWidths value={widths}>{children}</PaneWidths>
    </NamedModel>
  );
}
