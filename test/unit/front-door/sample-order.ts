import type { AnnouncementOrder } from '../../../src/protocol/announcer';

/** What a daemon that hears only IPv4 has announced, on one interface. */
export const sampleOrder: AnnouncementOrder = {
  name: 'lab-7',
  hostLabel: 'lab-7-012345',
  port: 7443,
  text: {},
  interfaces: ['eth0'],
  addresses: ['eth0'],
  isIPv4Only: true,
};
