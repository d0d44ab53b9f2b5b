// SPDX-License-Identifier: MIT
// Runs pairs N.input and N.metered of a folder in V8: both must validate; when the metered form does
// not run out of gas or stack, both must end alike (same trap or none, same memory). Exits with 1 on
// the first difference. Called by test_wasm_oracles.c.
'use strict';
const fs = require('fs');
const path = require('path');

const GAS = 1000000n;
const STACK = 262144;

function run(bytes, metered) {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
  if (metered) {
    exports['baals.gas'].value = GAS;
    exports['baals.stack'].value = STACK;
  }
  let end = 'returned';
  try {
    exports.main();
  } catch (error) {
    end = error.message;
  }
  return { end, exports };
}

function memory(exports) {
  return Buffer.from(exports['baals.memory'].buffer);
}

const folder = process.argv[2];
const totals = { modules: 0, returned: 0, trapped: 0, exhausted: 0 };
for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.metered'))) {
  const meteredBytes = fs.readFileSync(path.join(folder, name));
  const inputBytes = fs.readFileSync(path.join(folder, name.replace('.metered', '.input')));
  if (!WebAssembly.validate(meteredBytes) || !WebAssembly.validate(inputBytes)) {
    console.log(`${name}: V8 refuses it`);
    process.exit(1);
  }
  totals.modules++;
  const metered = run(meteredBytes, true);
  const gas = metered.exports['baals.gas'].value;
  const stack = metered.exports['baals.stack'].value;
  if (gas < 0n || stack < 0) {
    totals.exhausted++;
    continue;
  }
  const input = run(inputBytes, false);
  const balanced = metered.end !== 'returned' || stack === STACK;
  if (input.end !== metered.end || gas >= GAS || !balanced) {
    console.log(`${name}: ${metered.end}, gas ${gas}, stack ${stack}; the input: ${input.end}`);
    process.exit(1);
  }
  const exported = Object.values(input.exports).find((e) => e instanceof WebAssembly.Memory);
  if (exported && !memory(metered.exports).equals(Buffer.from(exported.buffer))) {
    console.log(`${name}: memory differs`);
    process.exit(1);
  }
  totals[metered.end === 'returned' ? 'returned' : 'trapped']++;
}
console.log(JSON.stringify(totals));
process.exit(totals.modules > 0 && totals.returned > 0 && totals.trapped > 0 ? 0 : 1);
