/**
 * How far a long job is: a bar on a terminal, plain lines elsewhere.
 *
 * @module
 */

/** Where progress is shown. */
export type ProgressOutput = {
  /** Writes text as it is. */
  readonly write: (text: string) => void;
  /** Width of the terminal; `null` if it is none, and lines cannot be rewritten. */
  readonly columns: number | null;
  /** Milliseconds since some moment. */
  readonly now: () => number;
};

/** Progress of one job, such as an epoch. */
export type Progress = {
  /** Says that `done` steps are done, and what `text` says of them. */
  readonly update: (done: number, text?: string) => void;
  /** Writes a line above the bar. */
  readonly log: (line: string) => void;
  /** Ends the bar; its last state remains. */
  readonly finish: (text?: string) => void;
};

const FRAME = 100; // milliseconds between two states of the bar
const QUIET = 15_000; // the longest silence where there is no terminal
const BAR = 24;

/** Shows progress of `total` steps of what `label` says. */
export function startProgress(
  { total, label, output = standardOutput() }: {
    readonly total: number;
    readonly label: string;
    readonly output?: ProgressOutput;
  },
): Progress {
  const { write, columns, now } = output;
  const isTerminal = columns !== null;
  const start = now();
  let last = -Infinity;
  let tenths = 0;
  let [done, text] = [0, ""];

  const line = (isLast: boolean) => {
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const seconds = (now() - start) / 1000;
    const left = isLast || done === 0 ? seconds : seconds / share - seconds;
    return [
      label,
      isTerminal ? bar(share) : `${done}/${total}`,
      `${Math.floor(100 * share)}%`.padStart(4),
      isLast || done === 0 ? duration(left) : `${duration(left)} left`,
      text,
    ].filter((part) => part !== "").join("  ");
  };
  const draw = (isLast = false) => {
    last = now();
    tenths = Math.floor(10 * done / total);
    if (!isTerminal) return write(`${line(isLast)}\n`);
    const fitting = [...line(isLast)].slice(0, columns - 1).join("");
    write(`\r\x1b[K${fitting}${isLast ? "\n" : ""}`);
  };
  const isDue = () =>
    isTerminal
      ? now() - last >= FRAME
      : Math.floor(10 * done / total) > tenths || now() - last >= QUIET;

  if (isTerminal) draw();
  else last = start;
  return {
    update: (newDone, newText = text) => {
      [done, text] = [newDone, newText];
      if (isDue()) draw();
    },
    log: (message) => {
      write(isTerminal ? `\r\x1b[K${message}\n` : `${message}\n`);
      if (isTerminal) draw();
    },
    finish: (newText = text) => {
      text = newText;
      draw(true);
    },
  };
}

/** The terminal, or the file or pipe that stands in for it. */
function standardOutput(): ProgressOutput {
  const encoder = new TextEncoder();
  return {
    write: (text) => {
      const bytes = encoder.encode(text);
      for (let done = 0; done < bytes.length;) {
        done += Deno.stdout.writeSync(bytes.subarray(done));
      }
    },
    columns: Deno.stdout.isTerminal() ? Deno.consoleSize().columns : null,
    now: () => performance.now(),
  };
}

/** A bar that grows by eighths of a character. */
function bar(share: number): string {
  const eighths = Math.round(share * BAR * 8);
  const whole = "█".repeat(eighths >> 3);
  const part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7];
  return `▕${(whole + part).padEnd(BAR)}▏`;
}

/** `7 s`, `2:05` or `1:02:05`. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
  ];
  const rest = two(whole % 60);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
