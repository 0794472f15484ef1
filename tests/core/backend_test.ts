import { assertEquals, assertThrows } from "@std/assert";
import { defaultDevice, devices, registerBackend } from "../../core/backend.ts";
import { openInterpreter } from "../../backends/interpreter/open.ts";

registerBackend("plain", openInterpreter);
registerBackend("described", openInterpreter, () => "in words");

Deno.test("devices() lists names, and what they run on where that is asked for", () => {
  assertEquals(devices(), ["plain", "described"]);
  assertEquals(devices({ details: true }), ["plain", "described (in words)"]);
});

Deno.test("the default device is listed first", () => {
  assertEquals(defaultDevice("described"), "described");
  assertEquals(devices({ details: true }), ["described (in words)", "plain"]);
  defaultDevice("plain");
});

Deno.test("names of devices are unique, and unknown ones are errors", () => {
  assertThrows(
    () => registerBackend("plain", openInterpreter),
    RangeError,
    "the name is taken",
  );
  assertThrows(() => defaultDevice("tpu"), RangeError, "plain, described");
});
