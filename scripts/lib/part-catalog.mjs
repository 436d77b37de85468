/**
 * The real programs that the interop tests run against. Per part:
 * - `packages`: the Debian packages that bring it;
 * - `from`: absent for a program that runs from an unpacked folder with this machine's own libraries; a Debian
 *   release for one that runs by chroot in a root file system of that release;
 * - `smoke`: the command that proves that it runs, and what its output must match.
 *
 * @typedef {{ packages: string[], from?: string, smoke: string[], says: RegExp, about: string }} Part
 * @type {Record<string, Part>}
 */
export const PARTS = {
  kamailio: {
    about: 'SIP registrar',
    packages: ['kamailio'],
    smoke: ['kamailio', '-v'],
    says: /version: kamailio [56]\./,
  },
  sipp: {
    about: 'SIP phones by the thousand',
    packages: ['sip-tester'],
    smoke: ['sipp', '-v'],
    says: /SIPp v3\./,
  },
  prometheus: {
    about: 'the scraper, and promtool',
    packages: ['prometheus'],
    smoke: ['promtool', '--version'],
    says: /version 2\./,
  },
  asterisk16: {
    about: 'PBX with chan_pjsip and chan_sip',
    packages: ['asterisk'],
    from: 'bullseye',
    smoke: ['/usr/sbin/asterisk', '-V'],
    says: /Asterisk 16\./,
  },
  asterisk22: {
    about: 'PBX with chan_pjsip alone',
    packages: ['asterisk'],
    from: 'forky',
    smoke: ['/usr/sbin/asterisk', '-V'],
    says: /Asterisk 2[2-9]\./,
  },
  linphone: {
    about: 'a softphone',
    packages: ['linphone-cli'],
    // Its grammars must lie in /usr/share, and without them it does not start.
    from: 'bookworm',
    smoke: ['/usr/bin/linphonec', '-v'],
    says: /version: 5\./,
  },
  baresip: {
    about: 'a softphone',
    packages: ['baresip-core'],
    smoke: ['baresip', '-h'],
    says: /baresip v[1-9]/,
  },
  sipsak: {
    about: 'single SIP requests',
    packages: ['sipsak'],
    smoke: ['sipsak', '-V'],
    says: /sipsak 0\.9/,
  },
  sipvicious: {
    about: 'a scanner and password guesser',
    packages: ['sipvicious'],
    // Named, because its own first line names /usr/bin/python3, which may lie in the unpacked folder instead.
    smoke: ['sh', '-c', 'python3 "$(command -v svmap)" --version'],
    says: /svmap v0\.3/,
  },
  iproute2: {
    about: 'network namespaces',
    packages: ['iproute2'],
    smoke: ['ip', '-V'],
    says: /iproute2/,
  },
  nftables: {
    about: 'NAT',
    packages: ['nftables'],
    smoke: ['nft', '--version'],
    says: /nftables v/,
  },
  conntrack: {
    about: 'NAT mappings, to be forgotten',
    packages: ['conntrack'],
    smoke: ['conntrack', '--version'],
    says: /conntrack v/,
  },
  keepalived: {
    about: 'a standby pair with VRRP',
    packages: ['keepalived'],
    smoke: ['keepalived', '--version'],
    says: /Keepalived v2/,
  },
  systemd: {
    about: 'systemd-analyze, which checks units',
    packages: ['systemd'],
    smoke: ['systemd-analyze', '--version'],
    says: /systemd 2[5-9]\d/,
  },
};
