// SPDX-License-Identifier: MIT
//
// Runs in V8 what wasm_runner.c ran: reads its report (the file of the command line), calls the same
// functions with the same arguments, and prints a line for every difference. Instrumented modules
// run as the engine runs them, gas counter included; those that met no limit of the instrumentation
// run a second time as they were written.
"use strict";
const fs = require("fs");

const GAS = 2000000n;
const STACK = 64 * 1024;
const NUMBERS = [
  0n, 1n, 0xffffffffffffffffn, 0x7fffffffn, 0x80000000n, 0x7fffffffffffffffn,
  0x8000000000000000n, 65535n, 42n,
];
const FNV = 2166136261;
// Refusals of the start of an instance, which validation of the bytes does not see.
const AT_INSTANTIATION = new Set(["DATA_BOUNDS", "ELEMENT_BOUNDS"]);

let differences = 0;
function differ(file, text) {
  differences++;
  console.log(`DIFFERENT ${file}: ${text}`);
}

const mix = (hash, word) => Math.imul(hash ^ word, 16777619) >>> 0;

function memoryHash(memory) {
  const words = new Uint32Array(memory.buffer);
  let hash = mix(FNV, memory.buffer.byteLength);
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== 0) hash = mix(mix(hash, i * 4), words[i]);
  }
  return hash;
}

// V8 has one message for a call through an empty entry and one of another type.
function trapOf(error, counters) {
  if (counters && counters.gas.value < 0n) return "TRAP_GAS";
  if (counters && counters.stack.value < 0) return "TRAP_STACK";
  const text = String(error.message);
  if (error instanceof RangeError && text.includes("call stack")) return "TRAP_STACK";
  if (text.includes("unreachable")) return "TRAP_UNREACHABLE";
  if (text.includes("by zero")) return "TRAP_DIVIDE";
  if (text.includes("unrepresentable")) return "TRAP_OVERFLOW";
  if (text.includes("memory access") || text.includes("segment")) return "TRAP_MEMORY";
  if (text.includes("table index")) return "TRAP_TABLE";
  if (text.includes("null function") || text.includes("signature")) return "TRAP_CALL";
  return text;
}
const sameTrap = (ours, theirs) =>
  ours === theirs || (theirs === "TRAP_CALL" && (ours === "TRAP_NULL_CALL" || ours === "TRAP_CALL_TYPE"));

// The parameter types of exported functions, which the interface for scripts does not tell.
function parameterTypes(bytes) {
  let at = 8;
  const types = [];
  const functions = [];
  const exportsFound = [];
  const leb = () => {
    let value = 0, shift = 0, byte;
    do {
      byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  };
  const skip = (n) => { at += n; };
  const name = () => { const n = leb(); const from = at; skip(n); return bytes.subarray(from, at).toString("utf8"); };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = leb();
    const end = at + size;
    if (id === 1) {
      for (let n = leb(); n > 0; n--) {
        at++;
        const count = leb();
        types.push([...bytes.subarray(at, at + count)]);
        skip(count);
        skip(leb());
      }
    } else if (id === 2) {
      for (let n = leb(); n > 0; n--) {
        name(); name();
        at++;
        functions.push(types[leb()]);
      }
    } else if (id === 3) {
      for (let n = leb(); n > 0; n--) functions.push(types[leb()]);
    } else if (id === 7) {
      for (let n = leb(); n > 0; n--) {
        const text = name();
        const kind = bytes[at++];
        const index = leb();
        exportsFound.push({ name: text, params: kind === 0 ? functions[index] : null });
      }
    }
    at = end;
  }
  return exportsFound;
}

function hostOf(state) {
  const log = (low, high) => { state.log = mix(mix(state.log, low), high); };
  const log32 = (value) => log(value >>> 0, 0);
  const log64 = (value) => {
    const bits = BigInt.asUintN(64, value);
    log(Number(bits & 0xffffffffn), Number(bits >> 32n));
  };
  return { "fuzzing-support": { "log-i32": log32, "log-i64": log64, "log-f32": log32, "log-f64": log64 } };
}

function valueOf(result) {
  if (result === undefined) return "0";
  return typeof result === "bigint" ? String(BigInt.asUintN(64, result)) : String(result >>> 0);
}

function runForm(item, bytes, metered) {
  const what = metered ? "instrumented" : "raw";
  const state = { log: FNV };
  let instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), hostOf(state));
  } catch (error) {
    const start = item.calls[0];
    if (metered || !start || start.index >= 0 || !sameTrap(start.end, trapOf(error)))
      differ(item.file, `${what}: V8 refuses it: ${error.message}`);
    return;
  }
  const out = instance.exports;
  const counters = metered ? { gas: out["baals.gas"], stack: out["baals.stack"] } : null;
  const list = parameterTypes(item.code);
  for (const call of item.calls) {
    if (call.index < 0 && !metered) continue;
    const found = call.index < 0 ? { name: "baals.start", params: [] } : list[call.index];
    const args = found.params.map((type, i) => {
      const number = NUMBERS[(call.index * 7 + i * 3) % NUMBERS.length];
      return type === 0x7e ? BigInt.asIntN(64, number) : Number(BigInt.asIntN(32, number));
    });
    if (metered) {
      counters.gas.value = GAS;
      counters.stack.value = STACK;
    }
    let end = "ok", value = "0";
    try {
      value = valueOf(out[found.name](...args));
    } catch (error) {
      end = trapOf(error, counters);
    }
    if (!sameTrap(call.end, end) || value !== call.value) {
      differ(item.file, `${what}: export ${call.index}: V8 ${end} ${value}, here ${call.end} ${call.value}`);
      return;
    }
    if (metered && String(counters.gas.value) !== call.gas) {
      differ(item.file, `${what}: export ${call.index}: V8 leaves ${counters.gas.value} gas, here ${call.gas}`);
      return;
    }
  }
  if (String(state.log) !== item.log) differ(item.file, `${what}: another log`);
  const memory = metered ? out["baals.memory"] : Object.values(out).find((x) => x instanceof WebAssembly.Memory);
  if (memory !== undefined && String(memoryHash(memory)) !== item.memory)
    differ(item.file, `${what}: another memory`);
}

const items = [];
for (const line of fs.readFileSync(process.argv[2], "utf8").split("\n")) {
  const words = line.split(" ");
  if (words[0] === "module")
    items.push({ file: words[1], verdict: words[2], number: Number(words[3]), name: words[4], calls: [] });
  const item = items[items.length - 1];
  if (words[0] === "call")
    item.calls.push({ index: Number(words[1]), end: words[2], value: words[3], gas: words[4] });
  if (words[0] === "state") [item.log, item.memory] = words.slice(1);
}
for (const item of items) {
  item.code = fs.readFileSync(item.file);
  const valid = WebAssembly.validate(item.code);
  if (item.verdict === "reject") {
    const ours = item.number >= 100 && item.number < 300;
    if (valid && !ours && !AT_INSTANTIATION.has(item.name)) differ(item.file, `only we refuse it: ${item.name}`);
    continue;
  }
  if (!valid) {
    differ(item.file, "only V8 refuses it");
    continue;
  }
  runForm(item, fs.readFileSync(`${item.file}.metered`), true);
  if (item.verdict === "run") runForm(item, item.code, false);
}
process.exit(differences === 0 ? 0 : 1);
