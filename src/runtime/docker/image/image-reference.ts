export interface ImageReference {
  /** `docker.io` when the name has no registry. */
  readonly registry: string;
  /** As it is given to the engine, without the tag or digest. */
  readonly repository: string;
  /** A tag, or a digest with its algorithm; `latest` when the name has neither. */
  readonly version: string;
}

/** Parts of an image name: `registry:port/path/name:tag@digest`. */
export function parseImageReference(name: string): ImageReference {
  const [named = '', digest] = name.split('@');
  const tagStart = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = tagStart < 0 ? named : named.slice(0, tagStart);
  const first = repository.split('/')[0] ?? '';
  const hasRegistry = repository.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return {
    registry: hasRegistry ? first : 'docker.io',
    repository,
    version: digest ?? (tagStart < 0 ? 'latest' : named.slice(tagStart + 1)),
  };
}
