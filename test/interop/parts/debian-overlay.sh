#!/bin/bash
# debian-overlay.sh STATE DIR PACKAGE…
# Puts programs into DIR without installing them: downloads the packages and those of their dependencies
# that this machine lacks, from the machine's own release, and unpacks them. The programs run from DIR with
# PATH and LD_LIBRARY_PATH pointing into it. STATE is a scratch folder; several calls may share it, so that
# the package lists are fetched once.
set -euo pipefail
STATE=$1 DIR=$2
shift 2
. "$(dirname "$0")/debian-apt.sh"
APT_OPTIONS=()

prepare_state
mkdir -p "$DIR"
if [ ! -e "$STATE/updated" ]; then
  # A third-party archive that cannot be reached must not stop us: what counts is that the packages are found.
  private_apt update || echo "some package lists could not be fetched; going on with the others" >&2
  touch "$STATE/updated"
fi
private_apt install --download-only "$@"
unpack "$DIR"
