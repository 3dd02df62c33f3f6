import { useEffect, useState } from 'react';
import { onThemeChange } from './theme';

/** Changes whenever the theme may have changed: what draws with token colours draws again. */
export function useThemeVersion(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => onThemeChange(() => setVersion((before) => before + 1)), []);
  return version;
}
