#!/usr/bin/env bash
# install.sh FOLDER: nginx and OpenStack Swift (with memcached, where it keeps who signed in) from Debian's packages, unpacked below FOLDER and never installed: no service of
# the system is started, stopped or changed, and no root is needed. What the system has already is used from there.
set -euo pipefail
prefix=$1
stamp=$prefix/.complete
[ -e "$stamp" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo 'no apt-get and dpkg here' >&2; exit 1; }
mkdir -p "$prefix/apt/archives/partial" "$prefix/apt/lists/partial"
packages=(nginx-light memcached swift-proxy swift-account swift-container swift-object)
options=(-o "Dir::Cache=$prefix/apt" -o Debug::NoLocking=true -o APT::Sandbox::User=)
fetch() {
  apt-get "$@" "${options[@]}" -qq -y --no-install-recommends --download-only install "${packages[@]}" >/dev/null
}
fetch 2>/dev/null || {
  lists=(-o "Dir::State::Lists=$prefix/apt/lists")
  apt-get "${lists[@]}" "${options[@]}" -qq update >/dev/null
  fetch "${lists[@]}"
}
for package in "$prefix"/apt/archives/*.deb; do dpkg -x "$package" "$prefix"; done
rm -rf "$prefix/apt"
touch "$stamp"
