# Sourced by debian-overlay.sh and debian-rootfs.sh: an apt that keeps its hands off the machine.
# Everything it writes (lists, archives) lies in $STATE, so it needs no root, waits for no lock and
# leaves the machine's own package lists as they were. Which archives there are is read from the
# machine's own apt configuration: a mirror or an HTTP proxy set up there is used here too.

private_apt() {
  apt-get -q -y \
    -o Dir::State::lists="$STATE/lists" -o Dir::Cache="$STATE/cache" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" \
    -o APT::Install-Recommends=false -o APT::Keep-Downloaded-Packages=true \
    -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
    "${APT_OPTIONS[@]}" "$@"
}

prepare_state() {
  rm -rf "$STATE/cache"
  mkdir -p "$STATE/lists/partial" "$STATE/cache/archives/partial"
}

# unpack DIR: every downloaded package's files, none of its maintainer scripts. So no service starts, no
# user is added and nothing in /etc changes. Archives are extracted one after another through links that
# are already there (a merged /usr has /lib -> usr/lib).
unpack() {
  local archive
  for archive in "$STATE"/cache/archives/*.deb; do
    [ -e "$archive" ] || continue
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$1" --keep-directory-symlink --no-same-owner
  done
  rm -rf "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale "$1"/usr/share/lintian "$STATE/cache"
}
