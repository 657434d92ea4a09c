#!/usr/bin/env bash
# Installs packages in a bare system of the release of Debian that this machine has, by install.sh.
# in-bare-system.sh PACKAGES
#
# PACKAGES has what tools/build-packages.sh made. Needs root, for tools/in-debian.sh.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
. /etc/os-release
exec tools/in-debian.sh --with "${1:?which folder has the packages?}" "${VERSION_CODENAME:-sid}" \
  tests/packages/install.sh /srv/with
