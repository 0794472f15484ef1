/** What the user reads when the memory of the CPU is too small. */

/** `action` needs more bytes at once than all arrays and programs may have. */
export function outOfMemory(
  action: string,
  bytes: number,
  budget: number,
): RangeError {
  return new RangeError(
    `Cannot ${action} on device "cpu": it needs ${
      formatBytes(bytes)
    } at once, ` +
      `and the budget is ${
        formatBytes(budget)
      }. All arrays are as they were. ` +
      `Use smaller batches, donateArgnums or checkpoint(), or raise the budget ` +
      `with configureCpu({ memoryBudget })`,
  );
}

/** As 1023 bytes, 1.5 KiB, 3.0 GiB. */
function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}
