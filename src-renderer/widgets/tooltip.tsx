import { useId, useState, type ReactNode } from 'react';
import './popovers.css';

/**
 * A few words about its content, on hover and on focus; Escape takes them away. For one line `title` does; this is for
 * what a keyboard must reach too.
 */
export function Tooltip({ text, children }: { readonly text: ReactNode; readonly children: ReactNode }) {
  const id = useId();
  const [isShown, setShown] = useState(false);
  return (
    <span
      className="tooltip-anchor"
      tabIndex={0}
      aria-describedby={isShown ? id : undefined}
      onMouseEnter={() => setShown(true)}
      onMouseLeave={() => setShown(false)}
      onFocus={() => setShown(true)}
      onBlur={() => setShown(false)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') setShown(false);
      }}
    >
      {children}
      {isShown ? (
        <span id={id} role="tooltip" className="tooltip">
          {text}
        </span>
      ) : null}
    </span>
  );
}
