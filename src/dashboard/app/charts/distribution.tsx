import type { JSX } from 'preact';
import type { ReplicaMeasure } from '../../live-api.ts';
import { distributionOf } from '../../view/distribution.ts';
import { formatNumber, formatShare } from '../../view/format.ts';

/** Up to so many replicas have a line each; more are columns side by side. */
const maxLines = 7;

/** Which replica takes which part of the requests, now. */
export function DistributionChart({
  replicas,
}: {
  readonly replicas: readonly ReplicaMeasure[];
}): JSX.Element {
  const distribution = distributionOf(replicas);
  const { bars, largestShare, summary } = distribution ?? {
    bars: [],
    largestShare: 0,
    summary: 'No requests in the last 10 seconds.',
  };
  return (
    <figure class="chart distribution">
      <figcaption>
        <span class="chart-title">Who takes the requests</span>
        <span class="quiet">{summary}</span>
      </figcaption>
      {bars.length <= maxLines ? (
        <ul class="bars">
          {bars.map(({ replicaId, name, share, requestsPerSecond }) => (
            <li key={replicaId}>
              <span class="bar-name">{name}</span>
              <span class="bar-track" aria-hidden="true">
                <span class="bar" style={{ width: `${(share / largestShare) * 100}%` }} />
              </span>
              <span class="bar-value">
                {formatShare(share)} <span class="quiet">{formatNumber(requestsPerSecond)}/s</span>
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <div class="columns" aria-hidden="true">
          {bars.map(({ replicaId, name, share }) => (
            <i
              key={replicaId}
              title={`${name}: ${formatShare(share)}`}
              style={{ height: `${Math.max(2, (share / largestShare) * 100)}%` }}
            />
          ))}
        </div>
      )}
    </figure>
  );
}
