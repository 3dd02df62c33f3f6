// Globals that shared code needs and that both hosts (DOM and Node) provide. They are declared here because src-shared
// is compiled without the libraries of either host. Declaration files are not emitted, so that the hosts use their own
// declarations.
interface AbortSignal {
  readonly reason: unknown;
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
