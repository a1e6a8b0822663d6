/** A check that failed, as HAProxy's log tells of it. */
export interface FailedCheck {
  readonly proxy: string;
  readonly server: string;
  /** Status of the response; empty when there was none. */
  readonly code: string;
  /** Empty when HAProxy has no words for it. */
  readonly text: string;
}

/** A line of `option log-health-checks`; undefined for any other, and for a check that passed. */
export function parseCheckLine(line: string): FailedCheck | undefined {
  const found =
    /^Health check for server ([^/ ]+)\/(\S+) failed, reason: [^,]*(?:, code: (\d+))?(?:, info: "(.*)")?, check/.exec(
      line,
    );
  if (found === null) return undefined;
  const [, proxy = '', server = '', code = '', text = ''] = found;
  return { proxy, server, code, text };
}
