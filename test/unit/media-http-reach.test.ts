import { isWithinReach, lookupWithin } from '@murmuration/media/http-reach';
import { describe, expect, it } from 'vitest';

describe('isWithinReach', () => {
  it.each([
    ['169.254.169.254', false, false],
    ['169.254.170.2', false, false],
    ['fe80::1', false, false],
    ['fe80::1%eth0', false, false],
    ['fd00:ec2::254', false, false],
    ['100.100.100.200', false, false],
    ['::ffff:169.254.169.254', false, false],
    ['::ffff:a9fe:a9fe', false, false],
    ['64:ff9b::a9fe:a9fe', false, false],
    ['127.0.0.1', true, false],
    ['0.0.0.0', true, false],
    ['10.1.2.3', true, false],
    ['172.31.0.1', true, false],
    ['192.168.1.1', true, false],
    ['::1', true, false],
    ['::', true, false],
    ['::ffff:127.0.0.1', true, false],
    ['fd12::1', true, false],
    ['8.8.8.8', true, true],
    ['172.32.0.1', true, true],
    ['2606:4700::1111', true, true],
    ['::ffff:8.8.8.8', true, true],
  ])('%s: in the network %s, in public %s', (address, network, isPublic) => {
    expect([isWithinReach(address, 'network'), isWithinReach(address, 'public')]).toEqual([
      network,
      isPublic,
    ]);
    expect(isWithinReach(address, 'anywhere')).toBe(true);
  });
});

describe('lookupWithin', () => {
  const look = (reach: 'public' | 'network', options: { all?: boolean }) =>
    new Promise((resolve) => {
      lookupWithin(reach)('localhost', options, (error, address) => resolve(error?.message ?? address));
    });

  it('gives what a name leads to, in both shapes that Node asks for', async () => {
    expect(await look('network', {})).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(await look('network', { all: true })).toContainEqual(
      expect.objectContaining({ family: expect.any(Number) }),
    );
  });

  it('refuses a name that leads out of reach', async () => {
    expect(await look('public', {})).toMatch(/^localhost leads to .+, which is out of bounds$/);
  });
});
