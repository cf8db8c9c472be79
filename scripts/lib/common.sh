# Sourced by the scripts next door: where the project is, how to talk, how to get packages.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '==> %s\n' "$*"; }

fail() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

# packages_of GROUP...: the names that scripts/packages.txt lists under these groups.
packages_of() {
  awk -v groups=" $* " '
    /^# \[.*\]$/ { gsub(/[^a-z]/, ""); on = index(groups, " " $0 " ") > 0; next }
    /^#/ || NF == 0 { next }
    on { print $1 }' "$ROOT/scripts/packages.txt"
}

# install_packages GROUP...: installs what is missing with apt; asks for nothing when all is there.
install_packages() {
  local wanted installed missing
  wanted=$(packages_of "$@" | sort)
  # Names and what they provide: a Node.js from elsewhere brings its own npm.
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' |
    awk '$1 == "installed" { gsub(/[(][^)]*[)]|,/, ""); for (i = 2; i <= NF; i++) print $i }' |
    sort -u)
  missing=$(comm -23 <(echo "$wanted") <(echo "$installed"))
  [ -n "$missing" ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these Debian packages are missing and sudo is not there" \
      "to install them; as root run: apt-get install" $missing
    as_root=(sudo)
  fi
  say "installing Debian packages:" $missing
  "${as_root[@]}" apt-get update -q
  # shellcheck disable=SC2086
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends $missing
}
