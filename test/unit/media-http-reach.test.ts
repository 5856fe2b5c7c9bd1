import { checkReach, isWithinReach, lookupWithin } from '@murmuration/media/http-reach';
import { describe, expect, it } from 'vitest';

type Resolve = NonNullable<Parameters<typeof lookupWithin>[1]>;

/** A name server whose answers change. */
function resolved(...answers: string[][]): Resolve {
  const left = [...answers];
  return (_hostname, _options, callback) => {
    const found = (left.length > 1 ? left.shift() : left[0]) ?? [];
    callback(
      null,
      found.map((address) => ({ address, family: 4 })),
    );
  };
}

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
    ['::ffff:0:a9fe:a9fe', false, false],
    ['0000:0000:0000:0000:0000:FFFF:169.254.169.254', false, false],
    ['64:ff9b::169.254.169.254', false, false],
    ['64:ff9b:1::a9fe:a9fe', false, false],
    ['64:ff9b:1:ffff:ffff:ffff:a9fe:a9fe', false, false],
    ['2002:a9fe:a9fe::', false, false],
    ['2002:a9fe:a9fe::1', false, false],
    ['fd20:ce::254', false, false],
    ['192.0.0.192', false, false],
    ['168.63.129.16', false, false],
    ['64:ff9b::8.8.8.8', true, true],
    ['64:ff9b::7f00:1', true, false],
    ['224.0.0.251', true, false],
    ['239.255.255.250', true, false],
    ['240.0.0.1', true, false],
    ['192.88.99.1', true, false],
    ['100.64.0.1', true, false],
    ['ff02::fb', true, false],
    ['ff0e::1', true, false],
    ['fc00::1', true, false],
    ['::ffff:224.0.0.251', true, false],
    ['100::1', true, false],
    ['5f00::1', true, false],
    ['2001:db8::1', true, false],
    ['3fff::1', true, false],
    ['2001:4860:4860::8888', true, true],
    ['127.0.0.1', true, false],
    ['0.0.0.0', true, false],
    ['10.1.2.3', true, false],
    ['172.31.0.1', true, false],
    ['192.168.1.1', true, false],
    ['::1', true, false],
    ['::', true, false],
    ['::ffff:127.0.0.1', true, false],
    ['fd12::1', true, false],
    ['::ffff:0:127.0.0.1', true, false],
    ['::127.0.0.1', true, false],
    ['64:ff9b:1::a00:1', true, false],
    ['2002:7f00:1::', true, false],
    ['2001:0:7f00:1::', true, false],
    ['fec0::1', true, false],
    ['255.255.255.255', true, false],
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
  const look = (reach: 'public' | 'network', options: { all?: boolean }, resolver?: Resolve) =>
    new Promise((resolve) => {
      lookupWithin(reach, resolver)('localhost', options, (error, address) =>
        resolve(error?.message ?? address),
      );
    });

  it('gives what a name leads to, in both shapes that Node asks for', async () => {
    expect(await look('network', {})).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(await look('network', { all: true })).toContainEqual(
      expect.objectContaining({ family: expect.any(Number) }),
    );
  });

  it('refuses a name that leads out of reach, and does not say where to', async () => {
    expect(await look('public', {})).toBe('localhost leads to no address that may be asked');
    expect(await look('public', { all: true })).toBe('localhost leads to no address that may be asked');
  });

  it('refuses a name of which one address is out of reach, for any of them may be connected to', async () => {
    for (const other of ['10.0.0.7', '::1', 'fe80::1', '::ffff:10.0.0.7', '64:ff9b::a00:7', 'ff02::1']) {
      for (const found of [
        ['93.184.216.34', other],
        [other, '2606:4700::1111'],
      ]) {
        expect(await look('public', {}, resolved(found))).toBe(
          'localhost leads to no address that may be asked',
        );
        expect(await look('public', { all: true }, resolved(found))).toBe(
          'localhost leads to no address that may be asked',
        );
      }
    }
  });

  it('looks at what a name leads to each time: one that was rebound meanwhile is refused', async () => {
    const rebound = resolved(['93.184.216.34'], ['169.254.169.254']);
    const lookOnce = (resolve: Resolve) => look('public', {}, resolve);
    expect(await lookOnce(rebound)).toBe('93.184.216.34');
    expect(await lookOnce(rebound)).toBe('localhost leads to no address that may be asked');
  });

  it('says the same of a name that nobody knows, so that a network’s names cannot be found out', async () => {
    const unknown: Resolve = (_hostname, _options, callback) =>
      callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
    expect(await look('public', {}, unknown)).toBe('localhost leads to no address that may be asked');
    expect(await look('network', {}, unknown)).toBe('getaddrinfo ENOTFOUND');
  });
});

describe('checkReach', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://0/',
    'http://0.0.0.0/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/latest/meta-data/',
    'http://①②⑦.⓪.⓪.①/',
    'http://0x7f.0.0.1/',
    'http://017700000001/',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://0251.0376.0251.0376/',
    'http://[::FFFF:169.254.169.254]/',
    'http://[64:ff9b::169.254.169.254]/',
    'http://[fe80::1]/',
    'http://[ff02::1]/',
    'http://239.255.255.250/',
    'http://169.254.169.254./',
  ])('refuses %s, however it is written', (address) => {
    expect(() => checkReach(new URL(address), 'public')).toThrow('leads to no address that may be asked');
  });

  it.each(['http://8.8.8.8/', 'https://[2606:4700::1111]/', 'https://example.com./'])(
    'lets %s through',
    (address) => {
      expect(() => checkReach(new URL(address), 'public')).not.toThrow();
    },
  );
});
