#!/bin/sh
# Writes the root file system of a sandbox image's base as a tar archive to stdout, from Debian packages alone: for machines
# that reach no image registry. Needs mmdebstrap. Usage: [VARIANT=apt] base.sh PACKAGE... | docker import - NAME
#
# Packages are unpacked but not configured, which takes seconds instead of a minute. What their scripts would have done
# and a sandbox needs is done below; apt and dpkg are of no use in the image. With VARIANT=apt the packages are configured
# and apt can install more; with NODE=VERSION, Node.js of npm's registry goes beside the packages (needs npm here).
set -eu

hook=$(mktemp)
trap 'rm -f "$hook"' EXIT
clear='rm -rf usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/lintian'
if [ "${VARIANT:-extract}" = apt ]; then
  printf 'set -eu\ncd "$1"\n%s\n' "$clear" > "$hook"
  if [ -n "${NODE:-}" ]; then
    cat >> "$hook" << 'HOOK'
package=$(mktemp -d)
npm pack --silent --pack-destination "$package" "node-linux-$(node --print process.arch)@$NODE" > /dev/null
tar -xzf "$package"/*.tgz -C "$package" package/bin/node
install -D --mode 755 "$package/package/bin/node" "$1/usr/local/bin/node"
rm -rf "$package"
HOOK
  fi
  packages=$(echo "$@" | tr ' ' ,)
  mmdebstrap --quiet --variant=apt --format=tar --include="$packages" --customize-hook="sh $hook \"\$1\"" \
    "${SUITE:-bookworm}" -
  exit
fi

cat > "$hook" << HOOK
set -eu
cd "\$1"
cp usr/share/base-passwd/passwd.master etc/passwd
cp usr/share/base-passwd/group.master etc/group
ln -sf mawk usr/bin/awk
[ -e usr/bin/sh ] || ln -sf dash usr/bin/sh
find usr/share/ca-certificates -name '*.crt' -exec cat {} + > etc/ssl/certs/ca-certificates.crt
chroot . /sbin/ldconfig
$clear var/lib/apt var/lib/dpkg var/cache/apt
HOOK

system='base-files base-passwd libc-bin dash coreutils mawk tar gzip'
packages=$(echo $system "$@" | tr ' ' ,)
# The other hooks of this variant are not run.
mmdebstrap --quiet --variant=extract --format=tar --include="$packages" \
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --extract-hook="sh $hook \"\$1\"" "${SUITE:-bookworm}" -
