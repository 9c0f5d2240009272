# Runs inside a sandbox: clones a repository into its place, whole or not at all. URL, BRANCH, COMMIT and TARGET come by
# the environment; BRANCH and COMMIT are empty where nothing is said of them.
set -eu
# Put back with a copy of the workspace: what the agent did there is newer.
if [ -e "$TARGET" ] || [ -L "$TARGET" ]; then exit 0; fi
# One clones at a time: what is there was left by one that was killed.
rm -rf -- /workspace/.longhand-clone.*
stage=$(mktemp -d /workspace/.longhand-clone.XXXXXX)
trap 'rm -rf -- "$stage"' EXIT
trap 'exit 143' TERM
git clone --quiet ${BRANCH:+"--branch=$BRANCH"} ${COMMIT:+--no-checkout} -- "$URL" "$stage/clone"
if [ -n "$COMMIT" ]; then
  cd "$stage/clone"
  git cat-file -e "$COMMIT^{commit}" 2> /dev/null || git fetch --quiet origin "$COMMIT"
  git checkout --quiet --detach "$COMMIT"
  cd /workspace
fi
mkdir -p -- "$(dirname -- "$TARGET")"
mv -T -- "$stage/clone" "$TARGET"
