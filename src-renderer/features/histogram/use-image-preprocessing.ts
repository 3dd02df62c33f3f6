import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { useSession } from '../../state/session';

/** How a tensor was made of images; null for every tensor that is no input of the model. */
export function useImagePreprocessing(tensor: string | null): Preprocessing | null {
  const isInput = useSession((state) => tensor !== null && state.model?.inputs.includes(tensor) === true);
  const preprocessing = useSession((state) => state.project?.file.preprocessing ?? null);
  return isInput ? preprocessing : null;
}
