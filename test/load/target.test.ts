import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findOwnAddress, ownAddresses } from '../../src/load/target/own-addresses.ts';
import { parseTargetUrl, serviceTarget, urlTarget } from '../../src/load/target/load-target.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';
import { sampleDatabase, sampleListener, sampleService, sampleStack } from '../cli/sample-status.ts';

const stack = sampleStack();
const own = ownAddresses([stack]);
const local = ['192.168.1.10', 'fe80::1'];

describe('a target is ours', () => {
  const cases: readonly (readonly [what: string, address: string, port: number, isOwn: boolean])[] = [
    ['a listener on all addresses, by loopback', '127.0.0.1', 8080, true],
    ['the same by IPv6', '::1', 8080, true],
    ['the same by an address of this machine', '192.168.1.10', 8080, true],
    ['the same port of another machine', '192.168.1.11', 8080, false],
    ['a public address', '93.184.216.34', 8080, false],
    ['another port of this machine', '127.0.0.1', 8081, false],
    ['a port that a runtime publishes on IPv4', '127.0.0.1', 5432, true],
    ['the same by IPv6, where it is not published', '::1', 5432, false],
    ['a replica itself', '127.0.0.1', 40_001, true],
  ];
  for (const [what, address, port, isOwn] of cases) {
    test(`${isOwn ? '' : 'not: '}${what}`, () => {
      assert.equal(findOwnAddress([address], port, own, local) !== undefined, isOwn);
    });
  }

  test('only where its listener is bound to one address', () => {
    const bound = sampleStack({
      services: [sampleService({ listeners: [{ ...sampleListener, hostIp: '127.0.0.1' }], replicas: [] })],
    });
    assert.ok(findOwnAddress(['::1', '127.0.0.1'], 8080, ownAddresses([bound]), local));
    assert.equal(findOwnAddress(['192.168.1.10'], 8080, ownAddresses([bound]), local), undefined);
  });

  test('where an entrypoint that services share is open', () => {
    const shared = sampleStack({
      services: [sampleService({ listeners: [], replicas: [] })],
      entrypoints: [
        {
          name: 'web',
          hostIp: '',
          port: 443,
          isSecure: true,
          isOpen: true,
          routes: [{ id: 'r', service: 'web', request: {} }],
          requests: 0,
          failed: 0,
        },
      ],
    });
    assert.ok(findOwnAddress(['127.0.0.1'], 443, ownAddresses([shared]), local));
    assert.equal(serviceTarget(shared, 'web').url, 'https://localhost:443');
  });

  test('also by TLS, whose certificate need not be known', () => {
    const secure = sampleStack({
      services: [sampleService({ listeners: [{ ...sampleListener, isSecure: true }] })],
    });
    assert.deepEqual(serviceTarget(secure, 'web').address, {
      host: '127.0.0.1',
      port: 8080,
      serverName: 'localhost',
      isOwn: true,
    });
  });

  test('not while its listener is closed', () => {
    const closed = sampleStack({
      services: [sampleService({ listeners: [{ ...sampleListener, isOpen: false }], replicas: [] })],
    });
    assert.equal(findOwnAddress(['127.0.0.1'], 8080, ownAddresses([closed]), local), undefined);
  });
});

describe('a URL', () => {
  test('of a stack leads to the address that was looked up, with its path before every request', async () => {
    const target = await urlTarget(new URL('http://localhost:8080/api/'), {
      stacks: [stack],
      isVouchedFor: false,
    });
    assert.deepEqual(
      [target.hostField, target.basePath, target.address.port],
      ['localhost:8080', '/api', 8080],
    );
    assert.match(target.address.host, /^(127\.0\.0\.1|::1)$/);
  });

  test('may leave out http:// where it has a port, and is told from files and services', () => {
    const words = ['localhost:8080', '127.0.0.1:80/a/b?c', '[::1]:8080/', 'https://a.b/'];
    assert.deepEqual(
      words.map((word) => parseTargetUrl(word)?.href),
      ['http://localhost:8080/', 'http://127.0.0.1/a/b?c', 'http://[::1]:8080/', 'https://a.b/'],
    );
    for (const word of ['web', 'web.yaml', './a/b.yaml', 'ftp://x/', 'C:/load.yaml'])
      assert.equal(parseTargetUrl(word), undefined);
  });

  test('of something else is refused, unless the user vouches for it', async () => {
    const url = new URL('http://127.0.0.1:9999/');
    await assert.rejects(urlTarget(url, { stacks: [stack], isVouchedFor: false }), (thrown) => {
      assert.ok(isTenfoldError(thrown, 'foreign-target'));
      assert.match(thrown.expected ?? '', /http:\/\/localhost:8080/);
      return true;
    });
    const target = await urlTarget(url, { stacks: [], isVouchedFor: true });
    assert.deepEqual(target.address, { host: '127.0.0.1', port: 9999, serverName: undefined });
  });
});

describe('a service', () => {
  test('is asked through its published listener', () => {
    const internal = { ...sampleListener, hostIp: '127.0.0.1', port: 39_000, exposure: 'internal' as const };
    const target = serviceTarget(
      sampleStack({ services: [sampleService({ listeners: [internal, sampleListener] })] }),
      'web',
    );
    assert.deepEqual(
      [target.url, target.address.host, target.address.port],
      ['http://localhost:8080', '127.0.0.1', 8080],
    );
  });

  test('without an open HTTP listener is refused', () => {
    const tcp = sampleService({ listeners: [{ ...sampleListener, protocol: 'tcp' }] });
    for (const service of [sampleDatabase, tcp]) {
      assert.throws(
        () => serviceTarget(sampleStack({ services: [service] }), service.name),
        (thrown) => isTenfoldError(thrown, 'no-listener'),
      );
    }
  });
});
