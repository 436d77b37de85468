#!/bin/bash
# debian-rootfs.sh SUITE DIR PACKAGE…
# A small root file system of another Debian release in DIR, to run a daemon in with chroot: the packages and
# all they depend on, unpacked and nothing more. Needs root (device nodes, chroot).
set -euo pipefail
SUITE=$1 DIR=$2
shift 2
. "$(dirname "$0")/debian-apt.sh"
STATE=$DIR/.apt
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The archives from which this machine gets its own release's main packages, best guess first. One that does
# not carry SUITE (a third party's, say) fails at the update, and the next is tried.
archives() {
  local codename
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v codename="$codename" '($1 == codename || $1 == "stable") && $2 == "main" && !seen[$3]++ { print $3 }'
}

# SUITE alone decides what is installed: the machine's own sources, pins and package status are left out.
# A release that has been superseded has an expired Release file, which is no reason not to test against it.
APT_OPTIONS=(
  -o Dir::Etc::sourcelist="$STATE/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o Dir::State::status="$STATE/status"
)
prepare_state
: > "$STATE/status"
found=
for archive in $(archives); do
  echo "deb [signed-by=$KEYRING check-valid-until=no] $archive $SUITE main" > "$STATE/sources.list"
  if private_apt update -o APT::Update::Error-Mode=any; then
    found=$archive
    break
  fi
done
[ -n "$found" ] || { echo "no archive in apt's configuration carries $SUITE" >&2; exit 1; }

private_apt install --download-only base-files "$@"
# base-files holds the links of the merged /usr; everything else is extracted through them.
dpkg-deb --fsys-tarfile "$STATE"/cache/archives/base-files_*.deb | tar -x -C "$DIR" --no-same-owner
for link in bin sbin lib lib64; do
  [ -e "$DIR/$link" ] || { mkdir -p "$DIR/usr/$link" && ln -s "usr/$link" "$DIR/$link"; }
done
unpack "$DIR"
rm -rf "$STATE" "$DIR/usr/share/asterisk/sounds"

mkdir -p "$DIR/tmp" "$DIR/run" "$DIR/dev" "$DIR/root"
chmod 1777 "$DIR/tmp"
echo 'root:x:0:0:root:/root:/bin/sh' > "$DIR/etc/passwd"
echo 'root:x:0:' > "$DIR/etc/group"
echo '127.0.0.1 localhost' > "$DIR/etc/hosts"
printf '%s: files\n' passwd group hosts > "$DIR/etc/nsswitch.conf"
while read -r name minor; do
  [ -e "$DIR/dev/$name" ] || mknod -m 666 "$DIR/dev/$name" c 1 "$minor"
done <<'NODES'
null 3
zero 5
random 8
urandom 9
NODES
