"""Assemble .conda packages from a CPython prefix and PyPI wheels (registry material only)."""
import base64, csv, hashlib, json, os, re, shutil, stat, subprocess, sys, time, zipfile, configparser
from pathlib import Path
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
LAB = Path(sys.argv[1]); CH = LAB/'channel'; STAGE = LAB/'stage'          # usage: build_channel.py LAB [big]
PYTHON = Path(sys.base_prefix)                                          # the CPython that becomes a package
PYV = '.'.join(map(str, sys.version_info[:3])); PYMM = '.'.join(map(str, sys.version_info[:2])); PYNEXT = f'3.{sys.version_info[1] + 1}'
PLACE = '/' + '/'.join(['conda_lab_placeholder'] * 12)[:230].rstrip('/')
RENAME = {'msgpack': 'msgpack-python', 'stack-data': 'stack_data', 'pure-eval': 'pure_eval',
          'jupyter-client': 'jupyter_client', 'jupyter-core': 'jupyter_core', 'typing-extensions': 'typing_extensions',
          'ruamel-yaml': 'ruamel.yaml', 'backports-zstd': 'backports.zstd', 'ipython-pygments-lexers': 'ipython_pygments_lexers',
          'python-tzdata': 'tzdata'}
def cname(n): n = canonicalize_name(n); return RENAME.get(n, n)
MARKER_ENV = {'python_version': PYMM, 'python_full_version': PYV, 'os_name': 'posix', 'sys_platform': 'linux', 'platform_system': 'Linux',
              'platform_machine': 'x86_64', 'platform_python_implementation': 'CPython', 'implementation_name': 'cpython', 'extra': ''}
from conda_package_handling.api import create
def finish(root: Path, index, link=None, about=None, prefix_files=()):
    info = root/'info'; info.mkdir(exist_ok=True)
    paths = []; files = []; has_prefix = []
    for p in sorted(root.rglob('*')):
        rel = p.relative_to(root).as_posix()
        if rel.startswith('info/') or rel == 'info' or (p.is_dir() and not p.is_symlink()): continue
        e = {'_path': rel, 'path_type': 'softlink' if p.is_symlink() else 'hardlink'}
        data = p.resolve().read_bytes() if p.exists() else b''
        e['sha256'] = hashlib.sha256(data).hexdigest(); e['size_in_bytes'] = len(data)
        if rel in prefix_files:
            e['prefix_placeholder'] = PLACE; e['file_mode'] = 'text'; has_prefix.append(f'{PLACE} text {rel}')
        paths.append(e); files.append(rel)
    (info/'paths.json').write_text(json.dumps({'paths': paths, 'paths_version': 1}, indent=1))
    (info/'files').write_text('\n'.join(files) + '\n')
    if has_prefix: (info/'has_prefix').write_text('\n'.join(has_prefix) + '\n')
    (info/'index.json').write_text(json.dumps(index, indent=1))
    (info/'about.json').write_text(json.dumps(about or {}, indent=1))
    if link: (info/'link.json').write_text(json.dumps(link, indent=1))
    out = CH/index['subdir']; out.mkdir(parents=True, exist_ok=True)
    fn = f"{index['name']}-{index['version']}-{index['build']}.conda"
    if (out/fn).exists(): (out/fn).unlink()
    create(str(root), [str(p.relative_to(root)) for p in root.rglob('*') if p.is_symlink() or p.is_file()], str(out/fn), compression_tuple=('.tar.zst', 'zstd', 'zstd:compression-level=10'))
    print(f'{fn:60s} {(out/fn).stat().st_size/1e6:8.2f} MB'); return fn
def idx(name, version, depends, build, num=0, noarch=None, lic='MIT', constrains=()):
    d = dict(name=name, version=version, build=build, build_number=num, depends=list(depends), constrains=list(constrains), license=lic,
             timestamp=1790000000000, subdir='noarch' if noarch else 'linux-64')
    if noarch: d['noarch'] = noarch
    else: d.update(arch='x86_64', platform='linux')
    return d
def fresh(n):
    r = STAGE/n; shutil.rmtree(r, ignore_errors=True); r.mkdir(parents=True); return r
def pkg_python():
    """A CPython finds its library beside its program, so a copy is relocatable; one with a shared library is told where that is."""
    r = fresh('python'); (r/'bin').mkdir(); (r/'lib').mkdir()
    shutil.copy2(PYTHON/f'bin/python{PYMM}', r/f'bin/python{PYMM}')
    os.symlink(f'python{PYMM}', r/'bin/python3'); os.symlink(f'python{PYMM}', r/'bin/python')
    for l in (f'libpython{PYMM}.so.1.0', 'libpython3.so'):
        if (PYTHON/'lib'/l).exists(): shutil.copy2(PYTHON/'lib'/l, r/'lib'/l)
    if (r/f'lib/libpython{PYMM}.so.1.0').exists():
        os.symlink(f'libpython{PYMM}.so.1.0', r/f'lib/libpython{PYMM}.so')
        subprocess.run(['patchelf', '--set-rpath', '$ORIGIN/../lib', r/f'bin/python{PYMM}'], check=True)
    skip = {'test', 'site-packages', 'dist-packages', '__pycache__', 'idlelib', 'tkinter', 'turtledemo', 'lib2to3', 'ensurepip', 'tests', 'EXTERNALLY-MANAGED', 'sitecustomize.py'}
    shutil.copytree(PYTHON/f'lib/python{PYMM}', r/f'lib/python{PYMM}', symlinks=False, ignore_dangling_symlinks=True,
                    ignore=lambda d, ns: [n for n in ns if n in skip or n.startswith(('_test', 'xxlimited', '_tkinter', '_ctypes_test', 'config-'))])
    like_upstream(r/f'lib/python{PYMM}')
    (r/f'lib/python{PYMM}/site-packages').mkdir(); (r/f'lib/python{PYMM}/site-packages/README.txt').write_text('site-packages\n')
    (r/f'bin/python{PYMM}').chmod(0o755)
    pf = []
    if PYTHON != Path('/usr'):
        for p in r.rglob('*'):
            if p.is_file() and not p.is_symlink():
                b = p.read_bytes()
                if str(PYTHON).encode() in b and b'\0' not in b[:4096]:
                    p.write_bytes(b.replace(str(PYTHON).encode(), PLACE.encode())); pf.append(p.relative_to(r).as_posix())
    finish(r, idx('python', PYV, [], 'h1_0_cpython', lic='Python-2.0'), prefix_files=pf, about={'summary': 'CPython'})
def like_upstream(lib):
    """Debian's Python keeps packages in dist-packages outside of virtual environments; conda's packages are made for site-packages."""
    # `site` itself is frozen into the program, so its source cannot be changed.
    (lib/'sitecustomize.py').write_text('import os, site, sys\n'
        'if sys.prefix == sys.base_prefix:\n'
        f"    site.addsitedir(os.path.join(sys.prefix, 'lib', 'python{PYMM}', 'site-packages'))\n")
    config = (lib/'sysconfig.py').read_text()
    (lib/'sysconfig.py').write_text(config.replace("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"))
def pkg_wheel(whl, name=None, extra_depends=(), depmap=None, force_entry=None, drop=()):
    z = zipfile.ZipFile(whl); di = next(n.split('/')[0] for n in z.namelist() if n.split('/')[0].endswith('.dist-info'))
    meta = z.read(di + '/METADATA').decode('utf8', 'replace'); wheel = z.read(di + '/WHEEL').decode()
    hdr = meta.split('\n\n')[0]
    get = lambda k: [m.strip() for m in re.findall(rf'^{k}: (.*)$', hdr, re.M)]
    nm = name or cname(get('Name')[0]); ver = get('Version')[0]
    tags = re.findall(r'^Tag: (.*)$', wheel, re.M); noarch = all(t.strip().endswith('-none-any') for t in tags)
    deps = []
    rp = get('Requires-Python')
    for req in get('Requires-Dist'):
        q = Requirement(req)
        if q.marker and not q.marker.evaluate(MARKER_ENV): continue
        n = cname(q.name)
        if n in drop: continue
        s = ','.join(sorted(str(x).replace(' ', '') for x in q.specifier))
        deps.append(f'{n} {s}'.strip())
    deps += list(extra_depends)
    if noarch: deps.insert(0, 'python ' + (rp[0].replace(' ', '') if rp else '>=3.8'))
    else: deps.insert(0, f'python >={PYMM},<{PYNEXT}.0a0')
    r = fresh(nm + '-' + ver); sp = 'site-packages' if noarch else f'lib/python{PYMM}/site-packages'
    sdir = 'python-scripts' if noarch else 'bin'
    pf = []
    for n in z.namelist():
        if n.endswith('/'): continue
        m = re.match(r'[^/]+\.data/([^/]+)/(.*)', n)
        if m:
            kind, rest = m.groups()
            dest = {'purelib': sp + '/' + rest, 'platlib': sp + '/' + rest, 'scripts': sdir + '/' + rest, 'data': rest, 'headers': 'include/' + rest}[kind]
        else: dest = sp + '/' + n
        d = r/dest; d.parent.mkdir(parents=True, exist_ok=True); b = z.read(n)
        if m and m.group(1) == 'scripts' and b.startswith(b'#!python'): b = b'#!' + PLACE.encode() + b'/bin/python' + b[8:]; pf.append(dest)
        d.write_bytes(b); mode = z.getinfo(n).external_attr >> 16
        d.chmod(0o755 if (mode & 0o111 or (m and m.group(1) == 'scripts')) else 0o644)
        if dest.endswith('.dist-info/INSTALLER'): d.write_text('conda\n')
    (r/sp/di/'INSTALLER').write_text('conda\n')
    eps = []
    if force_entry is not None: eps = force_entry
    elif di + '/entry_points.txt' in z.namelist():
        c = configparser.ConfigParser(delimiters=('=',)); c.optionxform = str; c.read_string(z.read(di + '/entry_points.txt').decode())
        for sec in ('console_scripts', 'gui_scripts'):
            if c.has_section(sec): eps += [f'{k.strip()} = {v.split("[")[0].strip()}' for k, v in c.items(sec)]
    link = None
    if noarch: link = {'noarch': {'type': 'python', **({'entry_points': eps} if eps else {})}, 'package_metadata_version': 1}
    else:
        (r/'bin').mkdir(exist_ok=True)
        for e in eps:
            k, v = [x.strip() for x in e.split('=')]; mod, fn = v.split(':'); p = r/'bin'/k
            p.write_text(f'#!{PLACE}/bin/python\nimport sys\nfrom {mod} import {fn.split(".")[0]}\nif __name__ == "__main__":\n    sys.exit({fn}())\n'); p.chmod(0o755); pf.append('bin/' + k)
    finish(r, idx(nm, ver, deps, 'pyhd8ed1ab_0' if noarch else f'py{PYMM.replace(".", "")}h0_0', noarch='python' if noarch else None), link=link, prefix_files=pf, about={'summary': (get('Summary') or [''])[0]})
def special():
    # no upper bound python metapackages, failure fodder, slow link, big file
    r = fresh('ada-slowlink'); (r/'bin').mkdir(); (r/'share/ada-slowlink').mkdir(parents=True); (r/'share/ada-slowlink/README').write_text('slow\n')
    s = r/'bin/.ada-slowlink-post-link.sh'; s.write_text('#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo "step $i of 15" >> "$PREFIX/.messages.txt"; sleep 1; done\n'); s.chmod(0o755)
    finish(r, idx('ada-slowlink', '1.0', [], 'h0_0'), about={'summary': 'post-link script of 15 s'})
    r = fresh('ada-failinglink'); (r/'bin').mkdir(); (r/'share').mkdir(); (r/'share/ada-failinglink').write_text('x\n')
    s = r/'bin/.ada-failinglink-post-link.sh'; s.write_text('#!/bin/sh\necho "cannot configure" >> "$PREFIX/.messages.txt"; echo boom >&2; exit 3\n'); s.chmod(0o755)
    finish(r, idx('ada-failinglink', '1.0', [], 'h0_0'), about={'summary': 'post-link script fails'})
    r = fresh('ada-bigdata'); (r/'share/ada-bigdata').mkdir(parents=True)
    for i in range(4 if 'big' in sys.argv else 1):
        with open(r/f'share/ada-bigdata/part{i}.bin', 'wb') as f:
            for _ in range(40): f.write(os.urandom(1 << 20))
    finish(r, idx('ada-bigdata', '1.0', [], 'h0_0'), about={'summary': '160 MB of random data'})
    for n, v, deps in (('ada-needs-six116', '1.0', ['six ==1.16.0', 'python >=3.9']), ('ada-needs-six117', '1.0', ['six ==1.17.0', 'python >=3.9']),
                       ('ada-needs-missing', '1.0', ['no-such-dependency >=2']), ('ada-needs-cuda', '1.0', ['__cuda >=12'])):
        r = fresh(n); (r/'share').mkdir(); (r/'share'/n).write_text(n + '\n'); finish(r, idx(n, v, deps, '0', noarch='generic'))
    r = fresh('ada-badhash'); (r/'share').mkdir(); (r/'share/ada-badhash').write_text('x' * 100000); finish(r, idx('ada-badhash', '1.0', [], 'h0_0'))
def main():
    (CH/'noarch').mkdir(parents=True, exist_ok=True); (CH/'linux-64').mkdir(exist_ok=True)
    t = time.time(); pkg_python(); print('python', round(time.time() - t, 1), 's')
    done = set()
    for d in ('kernel', 'six-a', 'six-b', 'tomli', 'tomli-b'):
        for w in sorted((LAB/'wheels'/d).glob('*.whl')) if (LAB/'wheels'/d).exists() else []:
            if w.name in done: continue
            done.add(w.name)
            kw = {}
            if w.name.startswith('pip-'): kw = dict(extra_depends=['setuptools', 'wheel'])
            pkg_wheel(w, **kw)
    special()
    print('total', round(time.time() - t, 1), 's')
if __name__ == '__main__': main()
