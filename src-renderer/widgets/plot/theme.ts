import { useEffect, useState } from 'react';

/** Returns the colour of the current theme for the name of a CSS custom property. */
export type TokenReader = (name: string) => string;

export function tokensOf(element: Element): TokenReader {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(name).trim();
}

/** A colour with another opacity; any CSS colour that a canvas understands. */
export function withOpacity(color: string, opacity: number): string {
  const channels = channelsOf(color);
  return channels === null ? color : `rgba(${channels.join(', ')}, ${opacity})`;
}

/** Red, green and blue of `#rgb`, `#rrggbb` or `rgb()`; null for other notations. */
function channelsOf(color: string): readonly number[] | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex !== undefined) {
    const size = hex.length / 3;
    return [0, 1, 2].map((i) => Number.parseInt(hex.slice(i * size, (i + 1) * size).repeat(size === 1 ? 2 : 1), 16));
  }
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(color);
  return rgb === null ? null : rgb.slice(1, 4).map(Number);
}

/**
 * Calls the listener when the theme may have changed, by the user or by the system. Returns a function that
 * unsubscribes.
 */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
  const media = window.matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    media.removeEventListener('change', listener);
  };
}

/** A number that changes whenever the theme may have changed, so that plots that use theme colours are drawn again. */
export function useThemeVersion(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => onThemeChange(() => setVersion((before) => before + 1)), []);
  return version;
}
