#!/bin/sh
# Starts one worker of SkyDriver on a machine of a pool. A job may have neither PATH nor HOME.
umask 077
: "${PATH:=/usr/local/bin:/usr/bin:/bin}"
: "${HOME:=$PWD}"
export PATH HOME
start=$PWD/start.json
line=
if ! read -r line < "$start" && [ -z "$line" ]; then
    echo "there is no start.json beside the job" >&2
    exit 1
fi
case $line in
*'"ship":"container"'*)
    if [ ! -r /opt/skydriver/start.sh ]; then
        echo "the image holds no worker of SkyDriver (/opt/skydriver/start.sh)" >&2
        exit 1
    fi
    exec /bin/sh /opt/skydriver/start.sh "$start"
    ;;
esac
if ! command -v python3 > /dev/null; then
    echo "this machine has no python3, which a worker that comes as a bundle needs" >&2
    exit 1
fi
exec python3 -I "$PWD/fetch.py" "$start"
