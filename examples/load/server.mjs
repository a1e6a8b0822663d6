import { createServer } from 'node:http';

// Stands in for an API in front of a language model: it takes a while, and only so many questions at a time.
const { PORT = '8000', HOST = '0.0.0.0', WORKERS = '2', ANSWER_MS = '150' } = process.env;
const waiting = [];
let freeWorkers = Number(WORKERS);

function takeWorker() {
  if (freeWorkers > 0) {
    freeWorkers -= 1;
    return Promise.resolve();
  }
  return new Promise((resolve) => waiting.push(resolve));
}

function giveBackWorker() {
  const next = waiting.shift();
  if (next === undefined) freeWorkers += 1;
  else next();
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

async function answerQuery(request, response) {
  let question;
  try {
    question = await readQuestion(request);
  } catch {
    return send(response, 400, { error: 'the body is not JSON' });
  }
  await takeWorker();
  try {
    await new Promise((resolve) => setTimeout(resolve, Number(ANSWER_MS)));
  } finally {
    giveBackWorker();
  }
  send(response, 200, {
    query: question.query,
    agent: question.agent_type,
    answer: '4',
    cost: { tokens: 12 },
  });
}

function readQuestion(request) {
  if (request.method === 'POST') return readJson(request);
  return { query: new URL(request.url, 'http://api').searchParams.get('query'), agent_type: 'math' };
}

function send(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

const server = createServer((request, response) => {
  const [path] = request.url.split('?');
  if (path === '/api/v1/query') void answerQuery(request, response);
  else if (path === '/api/v1/health') send(response, 200, { status: 'ok' });
  else send(response, 404, { error: `no ${path}` });
});
server.listen(Number(PORT), HOST, () => console.log(`listening on port ${PORT}, ${WORKERS} workers`));
process.on('SIGTERM', () => server.close());
