import type { TestContext } from 'node:test';

/**
 * Runs the stages of one long story as tests inside a test, in order. When one has failed, what stands on it is skipped and says so, instead of
 * waiting for things that cannot come.
 */
export function stagesOf(t: TestContext): (name: string, work: () => Promise<void>) => Promise<void> {
  let failed: string | undefined;
  return async (name, work) => {
    await t.test(name, async (stage) => {
      if (failed !== undefined) {
        stage.skip(`stands on "${failed}", which failed`);
        return;
      }
      failed = name;
      await work();
      failed = undefined;
    });
  };
}
