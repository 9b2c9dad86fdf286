import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { openTokenStore, tokenLifetimes } from '../../../src/daemon/supervisor/token-store';
import { temporaryFolder } from '../../support/temporary-folder';

const dayMs = 24 * 60 * 60 * 1000;

async function store(t: TestContext) {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'sign-ins.json');
  const clock = { nowMs: 1_000_000_000_000 };
  const open = async () => {
    const opened = await openTokenStore(file, tokenLifetimes, () => clock.nowMs, silentLogger, 20);
    t.after(() => opened.dispose());
    return opened;
  };
  return { folder, file, clock, open, tokens: await open() };
}

test('a token is 43 letters, is good at once and after a restart, and is not in the file', async (t) => {
  const { tokens, open, file } = await store(t);
  const { token } = await tokens.issue('ada', 'laptop');
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(tokens.use(token)?.user, 'ada');
  assert.equal((await open()).use(token)?.user, 'ada');
  const text = await readFile(file, 'utf8');
  assert.ok(!text.includes(token));
  assert.ok(!text.includes(Buffer.from(token, 'base64url').toString('hex')));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('a token ends after 7 days without use', async (t) => {
  const { tokens, clock } = await store(t);
  const { token } = await tokens.issue('ada');
  clock.nowMs += 7 * dayMs - 1;
  assert.notEqual(tokens.use(token), undefined);
  clock.nowMs += 7 * dayMs - 1;
  assert.notEqual(tokens.use(token), undefined);
  clock.nowMs += 7 * dayMs;
  assert.equal(tokens.use(token), undefined);
});

test('a token ends after 30 days however much it is used', async (t) => {
  const { tokens, clock } = await store(t);
  const { token, expiresAtMs } = await tokens.issue('ada');
  assert.equal(expiresAtMs, clock.nowMs + 30 * dayMs);
  for (let day = 0; day < 29; day += 1) {
    clock.nowMs += dayMs;
    assert.equal(tokens.use(token)?.expiresAtMs, expiresAtMs);
  }
  clock.nowMs += dayMs;
  assert.equal(tokens.use(token), undefined);
});

test('signing out ends one token; everywhere ends all of that user and nobody else', async (t) => {
  const { tokens, open } = await store(t);
  const [one, two, three] = [
    await tokens.issue('ada'),
    await tokens.issue('ada'),
    await tokens.issue('grace'),
  ];
  assert.equal(await tokens.remove(one.token, false), 1);
  assert.equal(tokens.use(one.token), undefined);
  assert.notEqual(tokens.use(two.token), undefined);
  const fourth = await tokens.issue('ada');
  assert.equal(await tokens.remove(fourth.token, true), 2);
  assert.equal(tokens.use(two.token), undefined);
  assert.notEqual(tokens.use(three.token), undefined);
  assert.equal(await tokens.remove(one.token, true), 0);
  const reopened = await open();
  assert.equal(reopened.size, 1);
  assert.equal(reopened.use(two.token), undefined);
});

test('a sign-out that could not be written down counts at once, and is written down as soon as it can be', async (t) => {
  const { tokens, open, file } = await store(t);
  const { token } = await tokens.issue('ada');
  const other = await tokens.issue('ada');
  await rename(file, `${file}.aside`);
  await mkdir(file);
  await assert.rejects(tokens.remove(token, false));
  assert.equal(tokens.use(token), undefined);
  await rmdir(file);
  await rename(`${file}.aside`, file);
  await until(
    async () => ((await open()).use(token) === undefined ? true : undefined),
    withDeadline(5_000, 'the sign-out to be in the file'),
  );
  assert.notEqual((await open()).use(other.token), undefined);
});

test('where a person was is kept with the sign-in, and a file of a version that did not keep it stays valid', async (t) => {
  const { tokens, open, file } = await store(t);
  const { token } = await tokens.issue('ada', undefined, { uid: 1001, address: '2001:db8:1:2::5' });
  assert.equal((await open()).use(token)?.address, '2001:db8:1:2::5');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/\n *"address": "[^"]*",/, ''));
  const earlier = (await open()).use(token);
  assert.deepEqual([earlier?.uid, earlier?.address], [1001, undefined]);
  await writeFile(file, text.replace('2001:db8:1:2::5', '2001:db8:1:2::/64'));
  assert.equal((await open()).use(token), undefined, 'what is no address damages the file');
});

for (const content of ['', '{', '{"version":2,"signIns":[]}', '{"version":1,"signIns":[{"digest":"x"}]}']) {
  test(`a damaged file (${content === '' ? 'empty' : content}) lets nobody in and does not stop the daemon`, async (t) => {
    const { tokens, open, file, folder } = await store(t);
    const { token } = await tokens.issue('ada');
    await writeFile(file, content);
    const reopened = await open();
    assert.equal(reopened.use(token), undefined);
    assert.ok((await readdir(folder)).includes('sign-ins.json.damaged'));
    assert.notEqual((await reopened.issue('ada')).token, token);
  });
}

test('of more than 500 sign-ins the ones not used for longest are dropped', async (t) => {
  const { tokens, open, clock } = await store(t);
  const first = await tokens.issue('ada');
  clock.nowMs += 1;
  for (let count = 0; count < 500; count += 1) await tokens.issue('ada');
  const reopened = await open();
  assert.equal(reopened.size, 500);
  assert.equal(reopened.use(first.token), undefined);
});

test('when a token was used is written down at most once a minute', async (t) => {
  const { tokens, file, clock } = await store(t);
  const { token } = await tokens.issue('ada');
  const before = await readFile(file, 'utf8');
  clock.nowMs += 30_000;
  tokens.use(token);
  await tokens.saveUse();
  assert.equal(await readFile(file, 'utf8'), before);
  clock.nowMs += 30_000;
  tokens.use(token);
  await tokens.saveUse();
  assert.notEqual(await readFile(file, 'utf8'), before);
});

test('the sign-ins of an account are those of its name and number together', async (t) => {
  const { tokens, open } = await store(t);
  const [former, present, other] = [
    await tokens.issue('ada', undefined, { uid: 1001 }),
    await tokens.issue('ada', undefined, { uid: 1002 }),
    await tokens.issue('bob', undefined, { uid: 1003 }),
  ];
  assert.equal(tokens.use(former.token)?.uid, 1001);
  assert.equal(await tokens.remove(former.token, true), 1);
  assert.equal((await open()).use(present.token)?.uid, 1002);
  assert.deepEqual(
    tokens.countByAccount().sort((one, two) => one.uid - two.uid),
    [
      { user: 'ada', uid: 1002, signIns: 1 },
      { user: 'bob', uid: 1003, signIns: 1 },
    ],
  );
  assert.equal(await tokens.removeAccount('ada', 1002), 1);
  assert.equal(tokens.use(present.token), undefined);
  assert.notEqual(tokens.use(other.token), undefined);
});

test('no user pushes the sign-ins of another out by having many', async (t) => {
  const { tokens, clock } = await store(t);
  const { token } = await tokens.issue('ada', undefined, { uid: 1001 });
  clock.nowMs += 1;
  for (let count = 0; count < 501; count += 1) await tokens.issue('eve', undefined, { uid: 1002 });
  assert.notEqual(tokens.use(token), undefined);
  assert.equal(tokens.size, 501);
});

test('another lifetime counts for the sign-ins that are there', async (t) => {
  const { tokens, clock } = await store(t);
  const { token } = await tokens.issue('ada');
  tokens.setLifetimes({ idleMs: dayMs, absoluteMs: 2 * dayMs });
  clock.nowMs += dayMs;
  assert.equal(tokens.use(token), undefined);
});

test('to look at a sign-in is no use of it', async (t) => {
  const { tokens, clock } = await store(t);
  const { token } = await tokens.issue('ada');
  tokens.setLifetimes({ idleMs: dayMs, absoluteMs: 30 * dayMs });
  clock.nowMs += dayMs - 1;
  assert.equal(tokens.find(token)?.user, 'ada');
  clock.nowMs += 1;
  assert.equal(tokens.find(token), undefined);
});
