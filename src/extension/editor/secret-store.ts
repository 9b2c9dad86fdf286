import type { SecretStorage } from 'vscode';

/** Secrets under keys made of pin and user, in the editor's encrypted storage. Shared by the windows of this computer, never synchronised. */
export interface EditorSecrets {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

const prefix = 'remoteKernels.secret.';

/** Puts the editor's secret storage into the shape that transports take. */
export function createSecretStore(storage: SecretStorage): EditorSecrets {
  return {
    get: async (key) => await storage.get(prefix + key),
    set: async (key, value) => await storage.store(prefix + key, value),
    delete: async (key) => await storage.delete(prefix + key),
  };
}
