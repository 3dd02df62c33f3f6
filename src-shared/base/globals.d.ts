// The one global that shared code needs and that every host has (DOM and Node): declared here because src-shared is
// compiled with neither library. Not emitted, so the hosts' own declarations are the ones in force there.
interface AbortSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
