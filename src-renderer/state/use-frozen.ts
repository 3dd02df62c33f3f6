import { useState } from 'react';

/**
 * The value that `make` returned when one of the keys last changed (`Object.is`). Unlike with `useMemo`, `make` may
 * read values that are not keys: their changes are ignored on purpose.
 */
export function useFrozen<T>(keys: readonly unknown[], make: () => T): T {
  const [kept, setKept] = useState(() => ({ keys, value: make() }));
  if (keys.length === kept.keys.length && keys.every((key, index) => Object.is(key, kept.keys[index])))
    return kept.value;
  const fresh = { keys, value: make() };
  setKept(fresh);
  return fresh.value;
}
