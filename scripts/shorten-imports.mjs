// Gives what a wasm module imports short names, in the module and in the JavaScript that provides it. wasm-bindgen's names
// carry a hash each, which does not compress.
// Usage: node shorten-imports.mjs MODULE.wasm MODULE.js
import { readFileSync, writeFileSync } from 'node:fs';

const IMPORTS = 2;
const [modulePath, scriptPath] = process.argv.slice(2);
const module = readFileSync(modulePath);
let at = 8;

// https://webassembly.github.io/spec/core/binary/values.html#integers
function number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
        const byte = module[at++];
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
    }
}

function encoded(value) {
    const bytes = [];
    for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
    return Buffer.from([...bytes, value]);
}

function text() {
    const length = number();
    at += length;
    return module.subarray(at - length, at);
}

const prefixed = (bytes) => Buffer.concat([encoded(bytes.length), bytes]);

// What an import is, after its two names: only functions are taken from JavaScript.
function description() {
    const start = at;
    if (module[at++] !== 0) throw new Error(`${modulePath} imports something that is not a function`);
    number();
    return module.subarray(start, at);
}

const short = new Map();
const sections = [module.subarray(0, at)];
while (at < module.length) {
    const start = at;
    const kind = module[at++];
    const end = number() + at;
    if (kind !== IMPORTS) {
        sections.push(module.subarray(start, end));
    } else {
        const count = number();
        const imports = [encoded(count)];
        for (let position = 0; position < count; position++) {
            const from = text();
            const name = text().toString();
            if (!short.has(name)) short.set(name, `_${short.size.toString(36)}`);
            imports.push(prefixed(from), prefixed(Buffer.from(short.get(name))), description());
        }
        sections.push(Buffer.from([kind]), prefixed(Buffer.concat(imports)));
    }
    at = end;
}

const provided = new Set();
const script = readFileSync(scriptPath, 'utf8').replaceAll(/^( +)(__wb\w+)(?=: function|\()/gm, (whole, indent, name) => {
    if (!short.has(name)) return whole;
    provided.add(name);
    return indent + short.get(name);
});
const missing = [...short.keys()].filter((name) => !provided.has(name));
if (missing.length > 0) throw new Error(`${scriptPath} provides no ${missing.join(', ')}`);
writeFileSync(modulePath, Buffer.concat(sections));
writeFileSync(scriptPath, script);
