#!/bin/sh
# Makes a laboratory for conda environments from registry packages only: a local channel of real packages (the system's CPython,
# ipykernel and what it needs, six and tomli in two versions, and ada-* packages that are slow, big or broken on purpose) and a
# real conda 24.7.1 (the one that the conda-lock wheel carries).
# Needs python3-venv, python3-dev and gcc (pycosat comes as source only); installs nothing outside of DIR.
# usage: set-up.sh DIR [big]    then: DIR/conda/bin/conda create -n x python ipykernel -c file://DIR/channel --override-channels
set -eu
here=$(cd "$(dirname "$0")" && pwd); lab=$(mkdir -p "$1" && cd "$1" && pwd); size=${2:-small}
[ -f "$lab/ready-$size" ] && exit 0
# The system's Python, so that every user of the machine can run what is made of it.
python=/usr/bin/python3
PIP_DISABLE_PIP_VERSION_CHECK=1; export PIP_DISABLE_PIP_VERSION_CHECK
"$python" -m venv "$lab/tools"
"$lab/tools/bin/pip" -q install packaging conda-package-handling py-rattler zstandard
get() { dir=$1; shift; "$lab/tools/bin/pip" -q download -d "$lab/wheels/$dir" "$@"; }
get kernel ipykernel pip setuptools wheel tzdata
get six-a --no-deps six==1.16.0; get six-b --no-deps six==1.17.0
get tomli --no-deps tomli==2.0.1; get tomli-b --no-deps tomli==2.2.1 --no-binary :none: --only-binary :all: --platform any --python-version 3.11
rm -rf "$lab/channel"
"$lab/tools/bin/python" "$here/build_channel.py" "$lab" "$size"
# py-rattler was seen to crash once in seven runs.
for try in 1 2 3; do "$lab/tools/bin/python" "$here/index.py" "$lab/channel" && break; [ "$try" != 3 ]; done
"$lab/tools/bin/python" "$here/break_hash.py" "$lab/channel"
# conda: its code under its own name, an own base prefix, the classic solver.
"$python" -m venv "$lab/conda"
"$lab/conda/bin/pip" -q install --no-deps conda-lock==4.0.3 2>/dev/null
"$lab/conda/bin/pip" -q install boltons requests ruamel.yaml tqdm distro platformdirs pluggy packaging archspec frozendict \
  conda-package-handling zstandard truststore jsonpatch setuptools pycosat 2>/dev/null
{ echo "#!$lab/conda/bin/python"; cat "$here/conda_from_lock.py"; } > "$lab/conda/bin/conda"
chmod 755 "$lab/conda/bin/conda"
mkdir -p "$lab/conda/conda-meta" "$lab/conda/condabin" "$lab/conda/envs" "$lab/conda/etc/profile.d"
: > "$lab/conda/conda-meta/history"
ln -sf ../bin/conda "$lab/conda/condabin/conda"
cat > "$lab/conda/etc/profile.d/conda.sh" <<FUNCTION
conda() {
  case "\$1" in
    activate) eval "\$("$lab/conda/bin/conda" shell.posix "\$@")" ;;
    *) "$lab/conda/bin/conda" "\$@" ;;
  esac
}
FUNCTION
hook=$(echo "$lab"/conda/lib/python3*/site-packages/conda_lock/_vendor/conda)/shell/etc/profile.d
mkdir -p "$hook"; cp "$lab/conda/etc/profile.d/conda.sh" "$hook/conda.sh"
printf 'solver: classic\nchannels: [file://%s/channel]\ndefault_channels: []\nauto_update_conda: false\nnotify_outdated_conda: false\n' "$lab" > "$lab/conda/.condarc"
rm -rf "$lab/stage" "$lab/wheels"
: > "$lab/ready-$size"
echo "conda: $lab/conda/bin/conda  channel: file://$lab/channel"
