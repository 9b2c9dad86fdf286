import type { Logger } from '../../base/logger';
import { parsePin } from '../../protocol/pin';
import { passwordSecretKey, tokenSecretKey, type SecretStore } from '../transports/transport';
import type { SavedHost } from './host';

/** Forgets the secrets of hosts. They are kept under pin and user name, so what a saved host names is all that can be found of them later. */
export class HostSecrets {
  constructor(
    private readonly secrets: SecretStore,
    private readonly logger: Logger,
  ) {}

  /** Forgets token and password of the pin and the user that are saved. */
  async forget(saved: SavedHost | undefined): Promise<void> {
    const pin = parsePin(saved?.pin);
    if (!pin.ok || saved?.userName === undefined) return;
    await this.secrets.delete(tokenSecretKey(pin.value, saved.userName));
    await this.secrets.delete(passwordSecretKey(pin.value, saved.userName));
  }

  /** Forgets the secrets of `before` if `after` does not name their pin and user any more: nothing would ever find them again. */
  forgetReplaced(before: SavedHost | undefined, after: SavedHost): void {
    if (before === undefined || (before.pin === after.pin && before.userName === after.userName)) return;
    this.forget(before).catch((error: unknown) => {
      this.logger.error(`an earlier sign-in at ${before.name} could not be forgotten`, error);
    });
  }
}
