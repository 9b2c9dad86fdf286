import { systemErrorCode } from '../../../base/errors';
import { withDeadline } from '../../../base/time';
import { connectToBus, type DBusConnection } from './d-bus-connection';

const connectTimeoutMs = 5_000;
/** Where the system's message bus listens; the second is the one of the specification, mostly a link to the first. */
const usualSockets: readonly string[] = ['/run/dbus/system_bus_socket', '/var/run/dbus/system_bus_socket'];

/** Connects with the system's message bus; `DBUS_SYSTEM_BUS_ADDRESS` names another, as for every program. The caller disposes it. */
export async function connectToSystemBus(
  signal: AbortSignal,
  address = process.env['DBUS_SYSTEM_BUS_ADDRESS'],
): Promise<DBusConnection> {
  const sockets = address === undefined || address === '' ? usualSockets : socketsOf(address);
  for (const socket of sockets)
    try {
      return await connectToBus(socket, withDeadline(connectTimeoutMs, 'the message bus (D-Bus)', signal));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  throw new Error(`there is no message bus (D-Bus) at ${sockets.join(' or ') || String(address)}`);
}

/** The unix sockets of an address of a bus: `unix:path=/run/a%20b;unix:abstract=c`. Other kinds are left out. */
export function socketsOf(address: string): string[] {
  return address.split(';').flatMap((one) => {
    const [, kind = '', words = ''] = /^([a-z]+):(.*)$/.exec(one) ?? [];
    if (kind !== 'unix') return [];
    const pairs = new Map(words.split(',').map((word) => [word.replace(/=.*$/, ''), valueOf(word)]));
    const path = pairs.get('path');
    const abstract = pairs.get('abstract');
    if (path !== undefined) return [path];
    return abstract === undefined ? [] : [`\0${abstract}`];
  });
}

function valueOf(word: string): string {
  const value = word.slice(word.indexOf('=') + 1);
  return value.replace(/%([0-9a-fA-F]{2})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
