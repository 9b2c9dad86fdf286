import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';
import type { TLSSocket } from 'node:tls';
import { openCertificate } from '../../../src/daemon/front-door/certificate';
import { pinOf } from '../../../src/protocol/pin';
import { frontDoorUnderTest, rawConnection } from './front-door-under-test';

/** The certificate that the other side has shown, and the pin of its key. */
function shownBy(socket: TLSSocket): { readonly pin: string; readonly pem: string } {
  const certificate = socket.getPeerX509Certificate();
  assert.ok(certificate !== undefined);
  return { pin: pinOf(certificate.publicKey), pem: certificate.toString() };
}

test('a renewed certificate is shown from the next connection on, with the same pin, and open ones go on', async (t) => {
  const { port, frontDoor, certificate, folder } = await frontDoorUnderTest(t);
  const before = await rawConnection(port);
  assert.deepEqual(shownBy(before), { pin: certificate.pin, pem: certificate.certificatePem });
  assert.equal(frontDoor.renew(certificate), false);
  const renewed = await openCertificate(join(folder, 'state'), 'lab-7', certificate.validToMs);
  assert.equal(frontDoor.renew(renewed), true);
  const after = await rawConnection(port);
  assert.deepEqual(shownBy(after), { pin: certificate.pin, pem: renewed.certificatePem });
  assert.notEqual(renewed.certificatePem, certificate.certificatePem);
  assert.equal(after.getProtocol(), 'TLSv1.3');
  before.write('GET /.well-known/remote-kernels HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(before, 'data');
  before.destroy();
  after.destroy();
});
