import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NetworkInspectInfo } from 'dockerode';
import { keptAddress, lowerHalf } from '../../../src/runtime/docker/ambassador/address.ts';

function network(
  subnet: string,
  containers: Record<string, string> = {},
  driver = 'bridge',
): NetworkInspectInfo {
  const entries = Object.entries(containers).map(([Name, IPv4Address]) => [
    Name,
    { Name, EndpointID: '', MacAddress: '', IPv4Address, IPv6Address: '' },
  ]);
  return {
    Name: 'demo_default',
    Id: 'n',
    Created: '',
    Scope: 'local',
    Driver: driver,
    EnableIPv6: false,
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigOnly: false,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: subnet.replace(/0\/.*$/, '1') }] },
    Containers: Object.fromEntries(entries),
  };
}

describe('the address that an ambassador keeps', () => {
  test('is from the upper half of its network, and the same every time', () => {
    for (const subnet of ['172.18.0.0/16', '192.168.32.0/20', '10.0.0.0/24', '10.0.0.0/28']) {
      const address = keptAddress(network(subnet), 'demo/app', 'demo-app-ambassador');
      assert.equal(keptAddress(network(subnet), 'demo/app', 'demo-app-ambassador'), address);
      assert.ok(address !== undefined);
      assert.notEqual(lowerHalf(subnet), undefined);
    }
    assert.match(
      keptAddress(network('172.18.0.0/16'), 'demo/app', 'x') ?? '',
      /^172\.18\.(1[2-9]\d|2\d\d)\./,
    );
  });

  test('is another one when somebody else has it, and stays when it has it itself', () => {
    const free = network('10.0.0.0/28');
    const first = keptAddress(free, 'demo/app', 'demo-app-ambassador') ?? '';
    const own = network('10.0.0.0/28', { 'demo-app-ambassador': `${first}/28` });
    assert.equal(keptAddress(own, 'demo/app', 'demo-app-ambassador'), first);
    const taken = network('10.0.0.0/28', { stranger: `${first}/28` });
    const second = keptAddress(taken, 'demo/app', 'demo-app-ambassador');
    assert.notEqual(second, first);
    assert.match(second ?? '', /^10\.0\.0\.(8|9|1[0-4])$/);
  });

  test('is none on a network that is full, is no bridge, or has no room to share', () => {
    const full = Object.fromEntries(
      Array.from({ length: 7 }, (_, index) => [`stranger-${index}`, `10.0.0.${8 + index}/28`]),
    );
    assert.equal(keptAddress(network('10.0.0.0/28', full), 'demo/app', 'x'), undefined);
    assert.equal(keptAddress(network('10.0.0.0/24', {}, 'macvlan'), 'demo/app', 'x'), undefined);
    assert.equal(keptAddress(network('10.0.0.0/30'), 'demo/app', 'x'), undefined);
    assert.equal(keptAddress(network('fd00::/64'), 'demo/app', 'x'), undefined);
  });

  test('leaves the lower half to the engine', () => {
    assert.equal(lowerHalf('172.18.0.0/16'), '172.18.0.0/17');
    assert.equal(lowerHalf('10.0.0.0/30'), undefined);
    assert.equal(lowerHalf('fd00::/64'), undefined);
  });
});
