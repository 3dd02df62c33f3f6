import { bufferSource } from './byte-source';
import type { WithUnknown } from '../graph/model';
import { FieldCursor } from './wire-cursor';

/** True when a message carries a field of that number that its type here has no member for. */
export function hasUnknownField(message: WithUnknown, fieldNumber: number): boolean {
  const bytes = message.unknownFields;
  if (bytes === undefined) return false;
  const fields = new FieldCursor(bufferSource(bytes, 'unknown fields'), 0, bytes.length, 'message');
  while (fields.next()) if (fields.number === fieldNumber) return true;
  return false;
}
