/** A complete configuration for one worker in the foreground, with all of its files in the folder. */
export function nginxConfig(name: string, http: string, folder: string): string {
  // Started by root, its worker would be another user, whom the folder is closed to.
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/${name}.pid;
error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path ${folder}/${name}-body;
  proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-fastcgi;
  uwsgi_temp_path ${folder}/${name}-uwsgi;
  scgi_temp_path ${folder}/${name}-scgi;
  sendfile on;
  tcp_nopush on;
  ${http}
}
`;
}

interface ProxyOptions {
  readonly port: number;
  readonly upstreams: readonly number[];
  readonly keepsUpstreams: boolean;
}

/**
 * The balancer as tutorials write it: `least_conn`, `max_fails`, forwarding headers, and no kept upstream connections; or the
 * same with them.
 */
export function nginxProxy({ port, upstreams, keepsUpstreams }: ProxyOptions): string {
  return `upstream app {
    least_conn;
    ${upstreams.map((upstream) => `server 127.0.0.1:${upstream} max_fails=3 fail_timeout=30s;`).join('\n    ')}
    ${keepsUpstreams ? 'keepalive 256; keepalive_requests 100000000;' : ''}
  }
  add_header X-Served-By $hostname;
  add_header X-Upstream-Server $upstream_addr;
  add_header X-Request-ID $request_id;
  ${keepsUpstreams ? 'keepalive_requests 100000000;' : ''}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 2m;
    location / {
      proxy_pass http://app;
      ${keepsUpstreams ? 'proxy_http_version 1.1; proxy_set_header Connection "";' : ''}
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }`;
}
