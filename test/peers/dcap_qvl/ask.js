// SPDX-License-Identifier: Apache-2.0
// Asks the npm package @phala/dcap-qvl, as published, through its JavaScript interface: one JSON request a line on
// stdin, one JSON answer a line on stdout.  It judges nothing itself and opens no network connection.
// Source: the package's README.md, "verify(rawQuote, collateral, nowSecs)", and src/index.d.ts, "Collateral".
//
// {"quote": FILE, "collateral": FOLDER, "now_s": N} -> {"status": S, "advisories": [...]} or {"refused": MESSAGE}
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { createRequire } = require('node:module');

const [, , folder] = process.argv;
const fromThere = createRequire(path.join(path.resolve(folder), 'package.json'));
const { verify } = fromThere('@phala/dcap-qvl');

// Intel's signature covers the bytes of the inner object as they were sent, so they are cut out, not written anew.
const REPLY = /^\s*\{\s*"(?:tcbInfo|enclaveIdentity)"\s*:\s*(\{.*\})\s*,\s*"signature"\s*:\s*"([0-9a-fA-F]*)"\s*\}\s*$/s;

function signed(file) {
    const found = REPLY.exec(fs.readFileSync(file, 'utf8'));
    if (found === null)
        throw new Error(`${file}: not a reply of the PCS`);
    return { text: found[1], signature: found[2] };
}

// A list that the folder does not have stays undefined: nothing is made up in its place.
function optional(file) {
    return fs.existsSync(file) ? fs.readFileSync(file) : undefined;
}

function collateralOf(dir) {
    const at = (name) => path.join(dir, name);
    const tcb = signed(at('tcb_info.json'));
    const qe = signed(at('qe_identity.json'));
    return {
        tcb_info: tcb.text,
        tcb_info_signature: tcb.signature,
        tcb_info_issuer_chain: fs.readFileSync(at('tcb_info_issuer_chain.pem'), 'utf8'),
        qe_identity: qe.text,
        qe_identity_signature: qe.signature,
        qe_identity_issuer_chain: fs.readFileSync(at('qe_identity_issuer_chain.pem'), 'utf8'),
        pck_crl: optional(at('pck_crl.der')),
        root_ca_crl: optional(at('root_ca_crl.der')),
        pck_crl_issuer_chain: optional(at('pck_crl_issuer_chain.pem'))?.toString('utf8') ?? '',
    };
}

// What stops us from asking ends this program; only what the package itself throws is an answer of it.
function answer(request) {
    const quote = fs.readFileSync(request.quote);
    const collateral = collateralOf(request.collateral);
    try {
        const report = verify(quote, collateral, request.now_s);
        return { status: report.status, advisories: report.advisory_ids };
    } catch (e) {
        return { refused: e.message, cause: e.cause?.message ?? '' };
    }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
});
