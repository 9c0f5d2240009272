/** What `sh slug.sh --version` prints. */
export const SLUG_VERSION = '1.0.0'

/** The first attempt: every space becomes a dash, so that the last of the tests fails. */
export const SLUG_SH = `#!/bin/sh
# Prints the slug of a title: lower case, letters and digits, joined by dashes.
[ "$1" = --version ] && { echo ${SLUG_VERSION}; exit 0; }
title=$1
printf '%s\\n' "$title" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9-]//g; s/^-*//; s/-*$//'
`

/** Makes the last test pass: two lines for one. */
export const SLUG_FIX = {
  file_path: 'slug.sh',
  old_string: 'title=$1\n',
  new_string: `# A run of blanks counts as one.
title=$(printf '%s' "$1" | tr -s '[:blank:]' ' ')
`,
}

export const TEST_SH = `#!/bin/sh
# Each check: what it is about, a title, the slug it must give.
passed=0 failed=0
check() {
  slug=$(sh slug.sh "$2")
  if [ "$slug" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1: '$slug' is not '$3'"; fi
}
check Plain 'hello' 'hello'
check Case 'Hello World' 'hello-world'
check Marks 'Ready? Set, go!' 'ready-set-go'
check Digits 'Chapter 12' 'chapter-12'
check Edges '-draft-' 'draft'
check Spaces 'Many   more  spaces' 'many-more-spaces'
if [ "$failed" -eq 0 ]; then echo "$passed passed"; else echo "$passed passed, $failed failed"; exit 1; fi
`

/**
 * Adds its line to ledger.txt first, so that a second run would show, then takes a second for each upload, which it
 * also logs, so that its progress can be seen from outside.
 */
export function toShipSh(uploads: number): string {
  return `#!/bin/sh
# Ships once: one line in ledger.txt, then ${uploads} uploads of a second each.
echo "slug.sh $(sh slug.sh --version)" >> ledger.txt
step=1
while [ "$step" -le ${uploads} ]; do
  echo "uploading $step/${uploads}" | tee -a upload.log
  sleep 1
  step=$((step + 1))
done
echo shipped
`
}
