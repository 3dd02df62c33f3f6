// Globals that shared code needs and that both hosts have (DOM and Node). They are declared here because src-shared is
// compiled with neither library. Declaration files are not emitted: in the hosts their own declarations are in force.
interface AbortSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(): void;
}
