/**
 * Every command of the extension. The architecture test compares this list with `contributes.commands` in `package.json`, so that neither
 * has an id that the other does not.
 */
export const commandIds = {
  connect: 'remoteKernels.connect',
  discoverHosts: 'remoteKernels.discoverHosts',
  addHost: 'remoteKernels.addHost',
  tryThisMachine: 'remoteKernels.tryThisMachine',
  listEnvironments: 'remoteKernels.listEnvironments',
  refreshEnvironments: 'remoteKernels.refreshEnvironments',
  startKernel: 'remoteKernels.startKernel',
  attachKernel: 'remoteKernels.attachKernel',
  openNotebook: 'remoteKernels.openNotebook',
  reconnect: 'remoteKernels.reconnect',
  disconnect: 'remoteKernels.disconnect',
  signOut: 'remoteKernels.signOut',
  signOutEverywhere: 'remoteKernels.signOutEverywhere',
  forgetHost: 'remoteKernels.forgetHost',
  replaceKey: 'remoteKernels.replaceKey',
  chooseRemoteFolder: 'remoteKernels.chooseRemoteFolder',
  chooseEnvironment: 'remoteKernels.chooseEnvironment',
  interrupt: 'remoteKernels.interrupt',
  restart: 'remoteKernels.restart',
  restartAndRunAll: 'remoteKernels.restartAndRunAll',
  shutDown: 'remoteKernels.shutDown',
  showKernelOutput: 'remoteKernels.showKernelOutput',
  copyPath: 'remoteKernels.copyPath',
  copyInstallCommand: 'remoteKernels.copyInstallCommand',
  pinEnvironment: 'remoteKernels.pinEnvironment',
  unpinEnvironment: 'remoteKernels.unpinEnvironment',
  showConnections: 'remoteKernels.showConnections',
  showLog: 'remoteKernels.showLog',
  editHost: 'remoteKernels.editHost',
} as const;

/** An id of {@link commandIds}. */
export type CommandId = (typeof commandIds)[keyof typeof commandIds];
