import { useSession } from '../../state/session';
import { useView } from '../../state/view';

/** The first screen of a project that was just opened: its histograms when there are some, else its model. */
export function showLanding(): void {
  useView.getState().openScreen(useSession.getState().project?.calibrated === true ? 'histogram' : 'model');
}
