import { isIP } from 'node:net';
import { t } from '@vscode/l10n';
import { defaultPort } from '../../protocol/front-door';
import { toSingleLine } from '../../base/text';
import type { TypedHost } from './host';

/**
 * Reads what a person typed as a host: `name`, `user@name`, `name:port`, an IPv6 address with or without brackets (a port needs them),
 * `https://name:port` as a daemon prints it, and `ssh://user@name` or `ssh user@name` for a host reached by SSH. A host without any of it
 * is a daemon on the default port.
 */
export function parseTypedHost(text: string): TypedHost {
  const typed = text.trim();
  if (typed === '') return invalid(t('Type the name or the address of a host.'));
  if (typed.length > maxTypedLength) return invalid(t('This is too long for the name of a host.'));
  const ssh = /^(?:ssh:\/\/|ssh\s+)(.+)$/i.exec(typed)?.[1];
  if (ssh !== undefined) return parseSsh(ssh);
  const link = /^https:\/\/([^/?#]+)\/?$/i.exec(typed)?.[1];
  if (link === undefined && typed.includes('://'))
    return invalid(
      t('{0} is not the address of a host. Type a name, name:port or an IP address.', quote(typed)),
    );
  return parseTls(link ?? typed);
}

const maxTypedLength = 512;

function parseTls(text: string): TypedHost {
  const at = text.lastIndexOf('@');
  const userName = at < 0 ? undefined : text.slice(0, at);
  if (userName !== undefined && !isUserName(userName))
    return invalid(t('{0} is not the name of a user.', quote(userName)));
  const place = splitPort(at < 0 ? text : text.slice(at + 1));
  if (place.kind === 'invalid') return place;
  return {
    kind: 'tls',
    hostname: place.hostname,
    port: place.port ?? defaultPort,
    ...(userName === undefined ? {} : { userName }),
  };
}

function parseSsh(text: string): TypedHost {
  const destination = text.trim().replace(/\/$/, '');
  const at = destination.lastIndexOf('@');
  if (at >= 0 && !isUserName(destination.slice(0, at)))
    return invalid(t('{0} is not the name of a user.', quote(destination.slice(0, at))));
  const place = splitPort(destination.slice(at + 1));
  return place.kind === 'invalid' ? place : { kind: 'ssh', destination };
}

type Place =
  | { readonly kind: 'place'; readonly hostname: string; readonly port?: number }
  | { readonly kind: 'invalid'; readonly message: string };

/** Splits `name:port`, `[address]:port` or a bare address. More than one colon without brackets is an IPv6 address without a port. */
function splitPort(text: string): Place {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return toPlace(bracketed[1] ?? '', bracketed[2], true);
  if (isIP(text) === 6) return toPlace(text, undefined, true);
  const colon = text.indexOf(':');
  if (colon < 0) return toPlace(text, undefined, false);
  if (text.includes(':', colon + 1)) {
    return invalid(
      t('{0} is not an IPv6 address. With a port it is written as [address]:port.', quote(text)),
    );
  }
  return toPlace(text.slice(0, colon), text.slice(colon + 1), false);
}

function toPlace(hostname: string, portText: string | undefined, isAddress: boolean): Place {
  if (isAddress ? isIP(hostname) !== 6 : !isHostname(hostname))
    return invalid(t('{0} is not the name or the address of a host.', quote(hostname)));
  const lower = hostname.toLowerCase().replace(/\.$/, '');
  if (portText === undefined) return { kind: 'place', hostname: lower };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) return invalid(t('{0} is not a port: 1 to 65535.', quote(portText)));
  return { kind: 'place', hostname: lower, port };
}

/** Names as DNS and mDNS resolve them: letters of any alphabet, digits, `-`, `_` and dots, never beginning with `-`, which programs take for an option. */
function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  if (/^[\d.]+$/.test(text)) return isIP(text) === 4;
  return text
    .replace(/\.$/, '')
    .split('.')
    .every(
      (label) => /^[\p{L}\p{M}\p{N}_](?:[\p{L}\p{M}\p{N}_-]{0,62})$/u.test(label) && !label.endsWith('-'),
    );
}

function isUserName(text: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_.@\\+-]{0,255}\$?$/u.test(text);
}

function invalid(message: string): { readonly kind: 'invalid'; readonly message: string } {
  return { kind: 'invalid', message };
}

function quote(text: string): string {
  return `“${toSingleLine(text, 60)}”`;
}
