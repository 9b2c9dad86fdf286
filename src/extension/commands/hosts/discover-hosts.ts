import type { CommandHandler } from '../handler';
import { connect } from './connect';

/** *Discover Hosts*: asks the network anew and shows what answers; choosing one connects. */
export const discoverHosts: CommandHandler = async (dependencies) => {
  dependencies.hosts.rediscover();
  await connect(dependencies, { target: {} });
};
