/** Something required cannot be had here: `message` says what, `remedy` what to do next. */
export class SetupError extends Error {
  constructor(step, message, remedy) {
    super(message)
    this.step = step
    this.remedy = remedy
  }
}

const lineEveryMs = 15_000
const redrawEveryMs = 1_000

/**
 * Prints one line per step. `done` is for what was found in order and is silent with `quiet`; `start` announces work,
 * whose `progress` redraws one line on a terminal and adds a line every 15 s elsewhere.
 */
export function createReporter({ quiet, stream }) {
  function line(step, text) {
    stream.write(`setup   ${step.padEnd(10)}${text}\n`)
  }
  return {
    done(step, text) {
      if (!quiet) line(step, text)
    },
    start: line,
    progress(step, describe) {
      return startProgress({ stream, line, step, describe })
    },
    summary(text) {
      stream.write(`setup   ${text}\n`)
    },
    failure(error) {
      line(error.step, `✗ ${error.message}. ${error.remedy}`)
    },
  }
}

function startProgress({ stream, line, step, describe }) {
  const started = Date.now()
  const terminal = stream.isTTY === true
  const elapsed = () => `${describe()}, ${formatSeconds(Math.round((Date.now() - started) / 1000))}`
  const timer = setInterval(
    () => {
      if (terminal) stream.write(`\r\u001b[Ksetup   ${step.padEnd(10)}${elapsed()}`)
      else line(step, elapsed())
    },
    terminal ? redrawEveryMs : lineEveryMs,
  )
  return {
    end() {
      clearInterval(timer)
      if (terminal) stream.write('\r\u001b[K')
      return elapsed()
    },
  }
}

function formatSeconds(seconds) {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
