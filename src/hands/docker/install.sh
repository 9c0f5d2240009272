# Runs as root in the container of which an environment's image is made, and ends as the first manager that fails does.
# $1 is a folder with a file for each manager that has something to install, every package ended by U+0000. All that is
# named is removed in the end.
set -eu
exec 2>&1
umask 022
here=$1
used=$*
tab=$(printf '\t')
export HOME="$here/home" DEBIAN_FRONTEND=noninteractive CARGO_HOME="$here/cargo" GOPATH="$here/go" GOCACHE="$here/gocache"
export GOBIN=/usr/local/bin GOFLAGS=-modcacherw PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore
mkdir -p "$HOME"
cd "$HOME"

# The rest reads the packages as arguments. Names them in the log, which tells whose the last words are.
each() {
  manager=$1
  shift
  xargs -0 -x -s 1000000 "$@" < "$here/packages/$manager"
}

# Whether there is something to install with manager $1, whose program is $2.
asked() {
  [ -e "$here/packages/$1" ] || return 1
  echo "longhand-manager$tab$1"
  command -v "$2" > /dev/null && return
  echo "this image has no $2: take one that has it, as the full image (longhand setup --image full)"
  exit 127
}

if asked apt apt-get; then
  set -- -qq -o Dpkg::Use-Pty=0 ${SSL_CERT_FILE:+-o "Acquire::https::CAInfo=$SSL_CERT_FILE"}
  apt-get "$@" -o APT::Update::Error-Mode=any update
  each apt apt-get "$@" install --yes --no-install-recommends --
  rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb
fi
if asked cargo cargo; then each cargo cargo install --quiet --root /usr/local --; fi
# What stands behind -- would be for the compiler.
if asked gem gem; then each gem gem install --no-document; fi
if asked go go; then
  # A version is needed, and each may be of a module of its own.
  each go -n 1 sh -c 'case $1 in *@*) ;; *) set -- "$1@latest" ;; esac; exec go install -- "$1"' install
fi
if asked npm npm; then each npm npm install --global --no-fund --no-audit --no-update-notifier --loglevel=error --; fi
if asked pip pip3; then
  each pip pip3 install --quiet --no-cache-dir --no-input --disable-pip-version-check --progress-bar=off --
fi
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
rm -rf $used
