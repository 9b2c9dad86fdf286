import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import test from 'node:test';
import { advertise } from '../../../src/daemon/front-door/own-responder';
import { sampleOrder as order } from './sample-order';

/** The library's service, of which others have the first `taken` names. */
class ContradictedService extends EventEmitter {
  constructor(private readonly taken: readonly string[]) {
    super();
  }

  advertise(): Promise<void> {
    for (const name of this.taken) this.emit('name-change', name);
    return Promise.resolve();
  }
}

function responderOf(service: ContradictedService) {
  return { createService: () => service, shutdown: () => Promise.resolve() };
}

test('the name of an announcement is the one that it has now, also after somebody contradicted it late', async () => {
  const service = new ContradictedService(['lab-7 (2)']);
  const renamed: string[] = [];
  const announcement = await advertise(responderOf(service), order, (name) => renamed.push(name));
  assert.equal(announcement.name, 'lab-7 (2)');
  assert.deepEqual(renamed, [], 'a name found before it was announced is no other name');
  service.emit('name-change', 'lab-7 (3)');
  assert.equal(announcement.name, 'lab-7 (3)');
  assert.deepEqual(renamed, ['lab-7 (3)']);
  await announcement.stop();
  service.emit('name-change', 'lab-7 (4)');
  assert.deepEqual(renamed, ['lab-7 (3)'], 'what has been taken back has no name');
});
