import type { Progress } from '../../editor/progress';
import type { ConnectStep, Interaction } from '../../transports/transport';

/** What is asked in, and can be closed when the questions are over. */
export interface ClosableInteraction extends Interaction {
  /** Closes the box of the sign-in, unless a question waits in it. */
  closeBox(): void;
}

/** {@link Interaction} that also wants to know how the attempt goes on. */
export interface FollowingInteraction extends Interaction {
  /** To be called with each step of the attempt. */
  readonly onStep: (step: ConnectStep) => void;
}

/**
 * Pauses the progress of an attempt while a person is asked. The box of the sign-in stays while the host checks an answer, since that may be
 * refused, and says itself that it is busy; once the host has let the person in, it gives way to the progress again.
 */
export function pauseWhileAsking(
  interaction: ClosableInteraction,
  progress: Pick<Progress, 'pause' | 'resume'>,
): FollowingInteraction {
  let questions = 0;
  let isBoxOpen = false;
  const show = () => {
    if (questions > 0 || isBoxOpen) progress.pause();
    else progress.resume();
  };
  const during = async <T>(question: () => Promise<T>): Promise<T> => {
    questions += 1;
    show();
    try {
      return await question();
    } finally {
      questions -= 1;
      show();
    }
  };
  return {
    ...(interaction.chooseSignIn === undefined
      ? {}
      : {
          chooseSignIn: (question, signal) =>
            during(async () => interaction.chooseSignIn?.(question, signal)),
        }),
    confirmKey: (question, signal) => during(() => interaction.confirmKey(question, signal)),
    ask: (prompt, signal) => {
      isBoxOpen = true;
      return during(() => interaction.ask(prompt, signal));
    },
    onStep: (step) => {
      if (step === 'signing-in' || !isBoxOpen || questions > 0) return;
      isBoxOpen = false;
      interaction.closeBox();
      show();
    },
  };
}
