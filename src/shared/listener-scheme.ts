/** What a person writes before `://` to reach a listener; one that carries bytes is `tcp`, with TLS or without. */
export function listenerScheme(listener: {
  readonly protocol: 'http' | 'tcp';
  readonly isSecure?: boolean;
}): 'http' | 'https' | 'tcp' {
  if (listener.protocol === 'tcp') return 'tcp';
  return listener.isSecure === true ? 'https' : 'http';
}
