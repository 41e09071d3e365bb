#!/bin/sh
# Runs one worker of SkyDriver with the environment that lies beside this file: sh start.sh START.json
here=${0%/*}
: "${PATH:=/usr/local/bin:/usr/bin:/bin}"
: "${HOME:=$PWD}"
export PATH HOME
@ENVIRONMENT@
export PYTHONPATH="$here/lib" NUMBA_CACHE_DIR="$here"
export PYTHONNOUSERSITE=1 PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
if command -v python@VERSION@ > /dev/null; then
    exec python@VERSION@ -m skydriver.worker.remote "$@"
fi
found=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null)
if [ "$found" = "@VERSION@" ]; then
    exec python3 -m skydriver.worker.remote "$@"
fi
echo "this worker is made for Python @VERSION@, but the machine has ${found:-none}" >&2
exit 1
