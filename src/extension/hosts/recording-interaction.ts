import type { Pin } from '../../protocol/pin';
import type { Interaction } from '../transports/transport';

const nothing = Promise.resolve(undefined);

/** The interaction, telling of each key that the person confirms before the attempt goes on: whatever the sign-in brings, that stays. */
export function recordConfirmedKeys(interaction: Interaction, onConfirmed: (pin: Pin) => void): Interaction {
  return {
    ask: (prompt, signal) => interaction.ask(prompt, signal),
    ...(interaction.chooseSignIn === undefined
      ? {}
      : { chooseSignIn: (question, signal) => interaction.chooseSignIn?.(question, signal) ?? nothing }),
    confirmKey: async (question, signal) => {
      const isConfirmed = await interaction.confirmKey(question, signal);
      if (isConfirmed) onConfirmed(question.pin);
      return isConfirmed;
    },
  };
}
