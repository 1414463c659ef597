// Writes FILE.br and FILE.gz beside every file under a folder that gets smaller by it, and prints the sizes.
// Usage: node precompress.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = process.argv[2];
// Fonts and pictures are compressed already.
const compressible = /\.(css|html|js|json|svg|txt|wasm|webmanifest|xml)$/;

function brotli(data) {
    return brotliCompressSync(data, {
        params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
            [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
        },
    });
}

function kilobytes(bytes) {
    return `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
}

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !compressible.test(entry.name)) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const data = readFileSync(path);
    const smaller = { br: brotli(data), gz: gzipSync(data, { level: 9 }) };
    writeFileSync(`${path}.br`, smaller.br);
    writeFileSync(`${path}.gz`, smaller.gz);
    console.error(
        `  ${entry.name.padEnd(16)}${kilobytes(data.length)}, brotli${kilobytes(smaller.br.length)}, gzip${kilobytes(smaller.gz.length)}`,
    );
}
