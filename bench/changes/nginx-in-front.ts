/** nginx as the guides configure it, in front of one upstream; `server` is the rest of the `server` line. */
export function nginxInFront(server: string): string {
  return `user root;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  upstream app {
    least_conn;
    server ${server};
  }
  server {
    listen 80;
    location / {
      proxy_pass http://app;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 5s;
      proxy_read_timeout 30s;
    }
  }
}
`;
}

/** nginx that asks Docker's DNS again every second, which a name in a variable makes it do. */
export function nginxResolving(): string {
  return nginxInFront('127.0.0.1:1')
    .replace('proxy_pass http://app;', 'set $upstream app:3000;\n      proxy_pass http://$upstream;')
    .replace('access_log off;', 'access_log off;\n  resolver 127.0.0.11 valid=1s ipv6=off;')
    .replaceAll('app:3000', 'bench_app:3000');
}
