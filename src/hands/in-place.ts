import type { Sandbox } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'

/** What a maker has put into a folder `.longhand-<maker>`, to stand in the folder around that. */
export interface StagedIn<A> {
  /** The claim: of all makers of a sandbox one moves its stage, and what it says is the answer of all. */
  readonly id: string
  /** Absolute. */
  readonly folder: string
  /** Letters and digits. */
  readonly maker: string
  /** What the maker knows of what it staged, as JSON. */
  readonly says: A
  /** What is staged is all that is to be there: what an image has in the folder goes. */
  readonly isAll?: boolean
}

export interface InPlace<A> {
  /** What the maker said whose stage was moved. */
  readonly says: A
  /** Entries that could not be moved. */
  readonly failed: number
}

/**
 * Runs once in a sandbox, whoever makes it: moves what one maker has staged in place, and what others have away. One of
 * them may be writing still, over which `rm` complains; its own maker takes away what is left.
 */
const move = `cd "$FOLDER" || exit
[ -z "$IS_ALL" ] || find . -mindepth 1 -maxdepth 1 ! -name '.longhand-*' -exec chmod -R u+rwX {} + -exec rm -rf -- {} + 2>/dev/null
failed=0
for entry in ".longhand-$MAKER"/* ".longhand-$MAKER"/.[!.]* ".longhand-$MAKER"/..?*; do
  [ -e "$entry" ] || [ -L "$entry" ] || continue
  mv -f -- "$entry" . 2>/dev/null || failed=$((failed + 1))
done
rm -rf -- .longhand-* 2>/dev/null
echo "$failed"
cat`

/**
 * Puts what was staged in place before anybody works in the sandbox. Whoever comes after the first finds that one's there.
 * Rejects with `SandboxLost` when nobody can tell any more what is there.
 */
export async function putInPlace<A>(sandbox: Sandbox, staged: StagedIn<A>): Promise<InPlace<A>> {
  const { id, folder, maker, says, isAll = false } = staged
  const limits = { timeoutMs: 600_000, capBytes: 64 * 1024 }
  const { reason, first, output } = await sandbox.run({
    id,
    command: move,
    env: { FOLDER: folder, MAKER: maker, IS_ALL: isAll ? 'yes' : '' },
    stdin: Buffer.from(JSON.stringify(says)),
    ...limits,
  })
  if (reason !== 'exit') throw new SandboxLost(`what is in ${folder} was not put in place: ${reason}`)
  if (!first) await sandbox.run({ id: `un${id}-${maker}`, command: `rm -rf ${folder}/.longhand-${maker}`, ...limits })
  return parse(Buffer.from(output).toString(), folder)
}

/** Nothing of the agent's has run in the sandbox yet: this is what a maker wrote. */
function parse<A>(text: string, folder: string): InPlace<A> {
  const [failed = '', ...rest] = text.split('\n')
  try {
    if (!/^\d+$/.test(failed)) throw new Error(`expected a number, got ${failed.slice(0, 200)}`)
    return { says: JSON.parse(rest.join('\n')) as A, failed: Number(failed) }
  } catch (cause) {
    throw new SandboxLost(`what is in ${folder} was put in place, but not as it should be`, { cause })
  }
}
