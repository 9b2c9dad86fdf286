const path = require('node:path');
const fs = require('node:fs');
const webpack = require('webpack');

/** Where the bundles go; another folder lets two builds run beside each other. */
const dist = path.resolve(process.env.REMOTE_KERNELS_DIST ?? path.join(__dirname, 'dist'));

/**
 * The addons of each platform, by the name of its folder: where they are in `zeromq`, and in the packages of `koffi`. Those of `zeromq` use
 * Node-API, so one serves every version of Node; for glibc it is the one built on the oldest system (2.25, where the others want 2.38).
 */
const addons = require('./src/development/packaging/addons.json');
const packages = path.join(__dirname, 'node_modules');

/**
 * Puts the addons beside the bundle, one folder per platform, where `keeper/zeromq-addon.ts` and `supervisor/pam-addon.ts` load one by its own
 * path. npm installs the `koffi` of this machine's platform only; `npm run package` adds those of the others.
 */
class CopyAddons {
  apply(compiler) {
    compiler.hooks.afterEmit.tap('CopyAddons', () => {
      for (const [name, { zeromq, koffi }] of Object.entries(addons)) {
        const target = path.join(dist, 'addons', name);
        fs.mkdirSync(target, { recursive: true });
        copy(path.join(packages, 'zeromq', 'build', zeromq), path.join(target, 'addon.node'));
        const source = koffi === undefined ? undefined : path.join(packages, koffi.package, koffi.file);
        if (source !== undefined && fs.existsSync(source)) copy(source, path.join(target, 'koffi.node'));
      }
    });
  }
}

/** Leaves a file alone that is there already, because a running daemon may have it mapped. */
function copy(from, to) {
  const known = fs.existsSync(to) ? fs.statSync(to) : undefined;
  if (known?.size !== fs.statSync(from).size) fs.copyFileSync(from, to);
}

/** What both bundles have in common. */
const common = {
  mode: 'production',
  target: 'node20',
  devtool: 'source-map',
  node: { __dirname: false, __filename: false },
  output: { path: dist, libraryTarget: 'commonjs2', filename: '[name].js' },
  resolve: {
    extensions: ['.ts', '.js'],
    // `module` first would choose the browser build of @lumino/coreutils, whose ids come from Math.random.
    mainFields: ['main', 'module'],
  },
  module: {
    rules: [
      { test: /\.ts$/, loader: 'esbuild-loader', options: { target: 'node20' } },
      { test: /\.node$/, type: 'asset/resource' },
    ],
  },
  optimization: { minimize: true, minimizer: [minimizer()], splitChunks: false },
  performance: { hints: false },
  stats: 'errors-warnings',
};

/** Names stay, so that a stack trace in a log can be read without the source map. */
function minimizer() {
  const { EsbuildPlugin } = require('esbuild-loader');
  return new EsbuildPlugin({ target: 'node20', keepNames: true, legalComments: 'none' });
}

/** `ws` and `ssh2` try optional native parts and go on without them; an empty stub in their place would corrupt frames. */
const withoutOptionalNatives = new webpack.IgnorePlugin({
  resourceRegExp: /^(bufferutil|utf-8-validate|cpu-features)$|sshcrypto\.node$/,
});

const extension = {
  ...common,
  name: 'extension',
  entry: { extension: './src/extension/main.ts' },
  externals: { vscode: 'commonjs vscode' },
  plugins: [withoutOptionalNatives],
};

const daemon = {
  ...common,
  name: 'daemon',
  entry: { daemon: './src/daemon/main.ts' },
  // All but the child that asks PAM is in `daemon-program.js` beside it, which `daemon/main.ts` loads.
  output: { ...common.output, chunkFilename: '[name].js' },
  resolve: {
    ...common.resolve,
    // The `main` of jsonc-parser asks for its own files in a way that a bundler cannot follow.
    alias: { 'jsonc-parser$': path.join(__dirname, 'node_modules/jsonc-parser/lib/esm/main.js') },
  },
  plugins: [
    withoutOptionalNatives,
    new webpack.BannerPlugin({ banner: '#!/usr/bin/env node', raw: true, entryOnly: true }),
    // The loader of `zeromq` finds its addon by a manifest beside its own file, which a bundle does not have.
    new webpack.NormalModuleReplacementPlugin(
      /[\\/]load-addon$/,
      path.join(__dirname, 'src/daemon/keeper/zeromq-addon.ts'),
    ),
    new CopyAddons(),
  ],
};

module.exports = [extension, daemon];
