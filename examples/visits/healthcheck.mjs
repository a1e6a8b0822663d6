import { get } from 'node:http';

// Ends with 0 when the replica beside it can serve. Plain JavaScript on http: it starts in half the time of TypeScript on fetch.
const request = get(
  { host: '127.0.0.1', port: process.env.PORT ?? 5000, path: '/health', timeout: 2_000 },
  (response) => {
    response.pipe(process.stdout);
    process.exitCode = response.statusCode === 200 ? 0 : 1;
  },
);
request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
request.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
