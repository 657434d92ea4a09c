#!/usr/bin/env bash
# Installs packages in a system that has none of them, uses them as debian/tests does, upgrades,
# removes and purges them. As root, in a system that may be thrown away:
#
#   tools/in-debian.sh --with PACKAGES bookworm tests/packages/install.sh /srv/with
#
# PACKAGES has what tools/build-packages.sh made.
set -euo pipefail
packages=$(readlink -e "${1:?which folder has the packages?}")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
export DEBIAN_FRONTEND=noninteractive

fail() {
  echo "FAILED: $*"
  exit 1
}
quiet() {
  local log
  log=$(mktemp)
  "$@" >"$log" 2>&1 || { tail -n 40 "$log"; fail "$*"; }
  rm -f "$log"
}
is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

[ "$(id -u)" = 0 ] || fail "this needs root, and a system that may be thrown away"
! is_installed wmpush || fail "wmpush is installed already"
quiet apt-get update

echo "== Installing the command, without what is only recommended"
quiet apt-get install -y --no-install-recommends "$packages"/wmpush_*.deb
is_installed wmpush || fail "wmpush is not installed"
wmpush --version | grep -q '^Authentication: Negotiate' || fail "it was built without GSSAPI"
! is_installed libwmpush0 && ! is_installed ffmpeg || fail "it depends on more than it needs"
status=0
message=$(ffmpeg-wmpush 2>&1) || status=$?
[ "$status" = 2 ] || fail "without ffmpeg, ffmpeg-wmpush ended with status $status: $message"

echo "== Its configuration"
wmpush serve --config /etc/wmpush/wmpush.toml --check
[ "$(dpkg-query -W -f '${Conffiles}\n' wmpush | grep -c '/etc/wmpush/wmpush.toml ')" = 1 ] ||
  fail "/etc/wmpush/wmpush.toml is no conffile"
grep -q '^listen = "127\.0\.0\.1:' /etc/wmpush/wmpush.toml || fail "it listens beyond loopback"
unit=$(dpkg -L wmpush | grep '/wmpush-serve\.service$') || fail "there is no unit of systemd"
dpkg -L wmpush | grep -q '/wmpush-push@\.service$' || fail "there is no unit for a push"
[ -z "$(find /etc/systemd -name 'wmpush*' 2>/dev/null)" ] || fail "a unit is enabled"
for program in $(sed -n 's/^Exec[A-Za-z]*=\(\/[^ ]*wmpush\) .*/\1/p' "$unit" | sort -u); do
  [ -x "$program" ] || fail "$unit starts $program, which is not there"
done

echo "== Pushing and watching, with everything installed"
quiet apt-get install -y --no-install-recommends "$packages"/*.deb ffmpeg gcc libc6-dev pkgconf
debian/tests/push-and-watch
debian/tests/compile-and-push

echo "== Upgrading, with a configuration that was changed"
echo '# changed here' >>/etc/wmpush/wmpush.toml
repacked=$(mktemp -d)
for package in "$packages"/*.deb; do
  # The same with a higher revision: what depends on exactly this version has to follow.
  rm -rf "$repacked/tree"
  dpkg-deb --raw-extract "$package" "$repacked/tree"
  version=$(dpkg-deb --field "$package" Version)
  sed -i "s/^Version: .*/&+1/; s/(= ${version//+/\\+})/(= $version+1)/g" "$repacked/tree/DEBIAN/control"
  dpkg-deb --build --root-owner-group -Zgzip -z1 "$repacked/tree" "$repacked" >/dev/null
done
quiet apt-get install -y --no-install-recommends "$repacked"/*.deb
[ "$(dpkg-query -W -f '${Version}' wmpush)" = "$version+1" ] || fail "wmpush was not upgraded"
grep -q '^# changed here$' /etc/wmpush/wmpush.toml || fail "the upgrade took the configuration away"
wmpush serve --config /etc/wmpush/wmpush.toml --check
rm -rf "$repacked"

echo "== Removing"
mkdir -p /var/log/private/wmpush /var/lib/private/wmpush
touch /var/log/private/wmpush/access.log /var/lib/private/wmpush/live.asf
ln -s private/wmpush /var/log/wmpush
quiet apt-get remove -y wmpush
[ ! -e /usr/bin/wmpush ] && [ ! -e "$unit" ] || fail "programs or units are still there"
[ -e /etc/wmpush/wmpush.toml ] || fail "removing has taken the configuration away"

echo "== Purging"
quiet apt-get purge -y wmpush libwmpush0 libwmpush-avio0 libwmpush-dev libwmpush-avio-dev wmpush-doc
[ ! -e /etc/wmpush ] || fail "/etc/wmpush is still there: $(ls -R /etc/wmpush)"
[ ! -e /var/log/wmpush ] && [ ! -e /var/log/private/wmpush ] || fail "logs are still there"
[ -e /var/lib/private/wmpush/live.asf ] || fail "purging has taken a recording away"
left=$(find / -xdev \( -path /proc -o -path /srv -o -path "$PWD" \) -prune -o \
  -name '*wmpush*' ! -path '/var/lib/private/*' ! -path '/var/lib/apt/*' ! -path '/var/cache/*' -print)
[ -z "$left" ] || fail "this is still there: $left"
echo "== Passed"
