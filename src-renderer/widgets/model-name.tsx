import { useSession } from '../state/session';
import { fullName, nameNote, splitName } from './model-names';
import './model-name.css';

interface ModelNameProps {
  /** Of a layer or tensor, whole. */
  readonly name: string;
  /** What is shown instead, where the surroundings say the rest. */
  readonly short?: string;
}

/**
 * The name of a layer or tensor in a list: cut in the middle where room is short, whole on hover; a name that is only a
 * number is followed by its operator and neighbours.
 */
export function ModelName({ name, short = name }: ModelNameProps) {
  const model = useSession((state) => state.model);
  const note = nameNote(model, name);
  const { start, end, suffix } = splitName(short);
  return (
    <span className="model-name" title={fullName(model, name)}>
      <span className="model-name-path">
        {start === '' ? null : <span className="model-name-start">{start}</span>}
        <span className="model-name-end">{end}</span>
      </span>
      {suffix === '' ? null : <span className="model-name-suffix">{suffix}</span>}
      {note === null ? null : <span className="model-name-suffix dim">, {note}</span>}
    </span>
  );
}
