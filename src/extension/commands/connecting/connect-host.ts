import { t } from '@vscode/l10n';
import { withProgress } from '../../editor/progress';
import type { ConnectOutcome, Host } from '../../hosts/host';
import type { ConnectingDependencies } from './connecting-dependencies';
import { commandIds } from '../ids';
import { createInteraction } from './interaction';
import { explainChangedKey } from './changed-key';
import { pauseWhileAsking } from './pause-while-asking';

/** Connects hosts with a person there to answer. */
export interface HostConnector {
  /**
   * Connects the host, asking what has to be asked, and shows what goes wrong. Resolves with whether it is connected; two calls for one host are
   * one attempt. Never rejects.
   */
  connect(hostId: string): Promise<boolean>;
}

/** Makes the one way by which commands and notebooks connect. */
export function createHostConnector(dependencies: ConnectingDependencies): HostConnector {
  const running = new Map<string, Promise<boolean>>();
  const connector: HostConnector = {
    connect(hostId) {
      const known = running.get(hostId);
      if (known !== undefined) return known;
      const attempt = connect(dependencies, hostId).finally(() => running.delete(hostId));
      running.set(hostId, attempt);
      return attempt;
    },
  };
  return connector;
}

async function connect(dependencies: ConnectingDependencies, hostId: string): Promise<boolean> {
  const { hosts, problems, logger } = dependencies;
  for (;;) {
    const host = hosts.get(hostId);
    if (host === undefined) return false;
    if (host.state.kind === 'connected') return true;
    if (host.state.kind === 'key-changed') {
      if (!(await explainChangedKey(dependencies, host))) return false;
      continue;
    }
    const outcome = await attempt(dependencies, host);
    if (outcome.kind === 'connected') return true;
    if (outcome.kind === 'cancelled') return false;
    if (hosts.get(hostId)?.state.kind === 'key-changed') continue;
    logger.info(`${host.name}: not connected (${outcome.error.code})`);
    void problems.report(outcome.error, { host });
    return false;
  }
}

async function attempt(dependencies: ConnectingDependencies, host: Host): Promise<ConnectOutcome> {
  const { hosts, telemetry, describeStep } = dependencies;
  const startedAt = Date.now();
  const dismissed = new AbortController();
  const interaction = createInteraction(() => dismissed.abort(new DOMException('dismissed', 'AbortError')));
  try {
    const outcome = await withProgress(
      {
        title: t('Connecting to {0}', host.name),
        showLogCommand: commandIds.showLog,
        signal: dismissed.signal,
      },
      async (progress, signal) => {
        const asking = pauseWhileAsking(interaction, progress);
        const say = () => {
          const state = hosts.get(host.id)?.state;
          if (state?.kind !== 'connecting' && state?.kind !== 'reconnecting') return;
          asking.onStep(state.step);
          progress.report(describeStep(state.step));
        };
        const subscription = hosts.onDidChange(say);
        say();
        try {
          return await hosts.connect(host.id, { interaction: asking, signal });
        } finally {
          subscription.dispose();
        }
      },
    );
    telemetry.send('connect', {
      transport: host.endpoints[0]?.kind ?? 'tls',
      outcome: outcome.kind === 'failed' ? outcome.error.code : outcome.kind,
      durationMs: Date.now() - startedAt,
    });
    return outcome;
  } finally {
    interaction.dispose();
  }
}
