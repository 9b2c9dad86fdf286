import type { TestContext } from 'node:test';

/**
 * Runs the stages of one long story as tests inside a test, in order. When one has failed, what stands on it is skipped and says so, instead of
 * waiting for things that cannot come. `onFailure` runs right after a stage failed, to keep a picture of what there was.
 */
export function stagesOf(
  t: TestContext,
  onFailure: () => Promise<void>,
): (name: string, work: () => Promise<void>) => Promise<void> {
  let failed: string | undefined;
  return async (name, work) => {
    await t.test(name, async (stage) => {
      if (failed !== undefined) {
        stage.skip(`stands on "${failed}", which failed`);
        return;
      }
      try {
        await work();
      } catch (error) {
        failed = name;
        await onFailure();
        throw error;
      }
    });
  };
}
