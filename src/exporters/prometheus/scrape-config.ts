/** A configuration with which Prometheus can be started as it is, or whose scrape job can be taken over into another. */
export function scrapeConfig(adminAddress: string): string {
  return `# Prometheus: prometheus --config.file=prometheus.yml
global:
  scrape_interval: 15s

scrape_configs:
  - job_name: tenfold
    # A label \`instance\` names a replica of a service here, and not the daemon that was asked.
    honor_labels: true
    scrape_interval: 5s
    static_configs:
      - targets: ['${adminAddress}']
`;
}
