/* SPDX-License-Identifier: MIT */
/*
 * The tables of the command line. Nothing else knows the options and commands there are: parsing,
 * help and suggestions read them here, and a test compares docs/guides/command.md with them.
 */
#include "cli/cli_internal.h"

#define CLI_SECRET_OPTIONS                                                                         \
    (CLI_BIT(CLI_PASSPHRASE_FD) | CLI_BIT(CLI_PASSPHRASE_FILE) | CLI_BIT(CLI_NO_PASSPHRASE))
#define CLI_UNLOCK_OPTIONS (CLI_BIT(CLI_PASSPHRASE_FD) | CLI_BIT(CLI_PASSPHRASE_FILE))
#define CLI_TX_OPTIONS                                                                             \
    (CLI_BIT(CLI_FROM) | CLI_BIT(CLI_KEY) | CLI_BIT(CLI_GAS_LIMIT) | CLI_BIT(CLI_GAS_PRICE) |      \
     CLI_BIT(CLI_NONCE) | CLI_BIT(CLI_VALID_UNTIL) | CLI_BIT(CLI_METADATA))
#define CLI_SUBMIT_OPTIONS                                                                         \
    (CLI_TX_OPTIONS | CLI_UNLOCK_OPTIONS | CLI_BIT(CLI_NO_WAIT) | CLI_BIT(CLI_TIMEOUT))
#define CLI_DEPLOY_OPTIONS                                                                         \
    (CLI_BIT(CLI_INIT) | CLI_BIT(CLI_ARG) | CLI_BIT(CLI_VALUE) | CLI_BIT(CLI_RAW))

const struct cli_option cli_options[CLI_OPTION_COUNT] = {
    [CLI_DIR] = {"dir", "DIR", "data directory (BAALS_DIR, else ./baals-data)", CLI_OPTION_VALUE},
    [CLI_JSON] = {"json", NULL, "print JSON", CLI_OPTION_FLAG},
    [CLI_QUIET] = {"quiet", NULL, "no notes on stderr", CLI_OPTION_FLAG},
    [CLI_WALLET] = {"wallet", "DIR", "folder of keys ($XDG_DATA_HOME/baals/wallet)",
                    CLI_OPTION_VALUE},
    [CLI_HELP] = {"help", NULL, "help about the command", CLI_OPTION_FLAG},
    [CLI_GENESIS] = {"genesis", "FILE", "make the chain of this genesis", CLI_OPTION_VALUE},
    [CLI_NAME] = {"name", "NAME", "the chain's name (local)", CLI_OPTION_VALUE},
    [CLI_ALLOC] = {"alloc", "ADDRESS=AMOUNT", "an initial balance", CLI_OPTION_REPEATED},
    [CLI_DEV] = {"dev", NULL, "a dev chain: its authority may mint and act for others",
                 CLI_OPTION_FLAG},
    [CLI_SLOT_MS] = {"slot-ms", "N", "length of a slot (1000)", CLI_OPTION_VALUE},
    [CLI_INTERVAL_MS] = {"interval-ms", "N",
                         "a block at most every N ms instead of at once when something is pending",
                         CLI_OPTION_VALUE},
    [CLI_AUTHORITY_KEY] = {"authority-key", "FILE", "the authority's key instead of a new one",
                           CLI_OPTION_VALUE},
    [CLI_FROM] = {"from", "NAME", "the wallet's key that signs", CLI_OPTION_VALUE},
    [CLI_KEY] = {"key", "FILE", "a key file that signs (64 hex digits, mode 0600)",
                 CLI_OPTION_VALUE},
    [CLI_PASSPHRASE_FD] = {"passphrase-fd", "N", "read the passphrase from this descriptor",
                           CLI_OPTION_VALUE},
    [CLI_PASSPHRASE_FILE] = {"passphrase-file", "FILE",
                             "read the passphrase from this file (mode 0600)", CLI_OPTION_VALUE},
    [CLI_NO_PASSPHRASE] = {"no-passphrase", NULL, "keep the key without a passphrase",
                           CLI_OPTION_FLAG},
    [CLI_VALUE] = {"value", "AMOUNT", "what is sent along", CLI_OPTION_VALUE},
    [CLI_INIT] = {"init", "HEX|@FILE", "argument bytes of init", CLI_OPTION_VALUE},
    [CLI_ARG] = {"arg", "ARG", "an argument of init", CLI_OPTION_REPEATED},
    [CLI_MEMO] = {"memo", "TEXT|0xHEX|@FILE", "payload of the transfer", CLI_OPTION_VALUE},
    [CLI_GAS_LIMIT] = {"gas-limit", "N", "most gas to use (a simulation's and a quarter more)",
                       CLI_OPTION_VALUE},
    [CLI_GAS_PRICE] = {"gas-price", "N", "price of one gas (the chain's least)", CLI_OPTION_VALUE},
    [CLI_NONCE] = {"nonce", "N", "the sender's nonce (the next)", CLI_OPTION_VALUE},
    [CLI_VALID_UNTIL] = {"valid-until", "HEIGHT", "last block it may stand in (none)",
                         CLI_OPTION_VALUE},
    [CLI_METADATA] = {"metadata", "NAME=TEXT", "metadata of the transaction", CLI_OPTION_REPEATED},
    [CLI_NO_WAIT] = {"no-wait", NULL, "do not wait for the block", CLI_OPTION_FLAG},
    [CLI_TIMEOUT] = {"timeout", "SECONDS", "how long to wait for the block (30)", CLI_OPTION_VALUE},
    [CLI_CALLER] = {"caller", "ADDRESS", "who asks (nobody)", CLI_OPTION_VALUE},
    [CLI_TRACE] = {"trace", NULL, "what contracts did, step by step, and where the gas went",
                   CLI_OPTION_FLAG},
    [CLI_AFTER] = {"after", "CURSOR", "go on behind this cursor (the beginning); now: the end",
                   CLI_OPTION_VALUE},
    [CLI_FOLLOW] = {"follow", NULL, "keep waiting for more", CLI_OPTION_FLAG},
    [CLI_LIMIT] = {"limit", "N", "at most so many", CLI_OPTION_VALUE},
    [CLI_RAW] = {"raw", NULL, "do without the contract's description of itself", CLI_OPTION_FLAG},
    [CLI_REPLAY] = {"replay", NULL, "execute every block again", CLI_OPTION_FLAG},
    [CLI_KEEP] = {"keep", "N", "give up blocks older than the newest N final ones",
                  CLI_OPTION_VALUE},
    [CLI_HEADERS] = {"headers", "keep|drop",
                     "what becomes of the headers of blocks that are given up (as before)",
                     CLI_OPTION_VALUE},
    [CLI_MODULE] = {"module", "NAME=FILE",
                    "another file for a module of the scenarios; again for more",
                    CLI_OPTION_REPEATED},
    [CLI_FILTER] = {"filter", "TEXT", "only what has this in its name", CLI_OPTION_VALUE},
    [CLI_SEED] = {"seed", "N", "where random sequences begin (1)", CLI_OPTION_VALUE},
    [CLI_GAS] = {"gas", NULL,
                 "compare the gas of every step with NAME.gas beside NAME.scenario.json",
                 CLI_OPTION_FLAG},
    [CLI_UPDATE] = {"update", NULL, "with --gas: write that file anew", CLI_OPTION_FLAG},
    [CLI_STORAGE] = {"storage", "NAME", "key-value store: lmdb, or rocksdb where it is built in",
                     CLI_OPTION_VALUE},
    [CLI_QUICK] = {"quick", NULL, "a moment of everything: whether it runs, not how fast",
                   CLI_OPTION_FLAG},
    [CLI_RUNS] = {"runs", "N", "measure each line so often (5)", CLI_OPTION_VALUE},
    [CLI_ONLY] = {"only", "LINE", "measure this alone", CLI_OPTION_REPEATED},
    [CLI_LIST] = {"list", NULL, "the lines there are", CLI_OPTION_FLAG},
    [CLI_BLOCKS] = {"blocks", "N", "blocks of the line growth (100000)", CLI_OPTION_VALUE},
    [CLI_TXS] = {"txs", "N", "transactions in each of them (1)", CLI_OPTION_VALUE},
    [CLI_LANG] = {"lang", "c|rust|as", "the language: C, Rust or AssemblyScript", CLI_OPTION_VALUE},
    [CLI_MARKDOWN] = {"markdown", NULL, "print the table of docs/performance.md", CLI_OPTION_FLAG},
    [CLI_STATE_BYTES] = {"state-bytes", "N",
                         "memory for the state that is kept ready (536870912; growth: 8388608)",
                         CLI_OPTION_VALUE},
};

const struct cli_command cli_commands[] = {
    {"init", "[DIR]",
     CLI_BIT(CLI_GENESIS) | CLI_BIT(CLI_NAME) | CLI_BIT(CLI_ALLOC) | CLI_BIT(CLI_DEV) |
         CLI_BIT(CLI_SLOT_MS) | CLI_BIT(CLI_INTERVAL_MS) | CLI_BIT(CLI_AUTHORITY_KEY) |
         CLI_BIT(CLI_STORAGE),
     cli_run_init, "make a chain",
     "baals init ./chain\nbaals init ./chain --alloc bl1...=1000000\n"
     "baals init ./chain --genesis genesis.json --authority-key authority.key"},
    {"start", "[DIR]", CLI_BIT(CLI_KEEP) | CLI_BIT(CLI_HEADERS), cli_run_start,
     "run the node until SIGINT or SIGTERM",
     "baals start ./chain\nbaals start ./chain --keep 100000\n"
     "baals start ./chain --keep 100000 --headers keep"},
    {"send", "TO AMOUNT", CLI_SUBMIT_OPTIONS | CLI_BIT(CLI_MEMO), cli_run_send,
     "transfer an amount", "baals send bl1... 250 --from alice"},
    {"deploy", "FILE", CLI_SUBMIT_OPTIONS | CLI_DEPLOY_OPTIONS, cli_run_deploy, "deploy a contract",
     "baals deploy counter.wasm --from alice"},
    {"call", "CONTRACT METHOD [ARGS...]",
     CLI_SUBMIT_OPTIONS | CLI_BIT(CLI_VALUE) | CLI_BIT(CLI_RAW), cli_run_call,
     "call a contract in a transaction",
     "baals call blc1... --help               the contract's methods\n"
     "baals call blc1... transfer bl1... 100 --from alice\n"
     "baals call blc1... add u:5 --from alice --raw\n"
     "arguments of a contract without a description, and with --raw:\n"
     "           u:NUMBER i:INTEGER s:TEXT b:HEX addr:ADDRESS true false null,\n"
     "           or all of them as bytes: 0xHEX, @FILE"},
    {"query", "CONTRACT METHOD [ARGS...]",
     CLI_BIT(CLI_CALLER) | CLI_BIT(CLI_GAS_LIMIT) | CLI_BIT(CLI_RAW), cli_run_query,
     "ask a contract, changing nothing", "baals query blc1... get"},
    {"simulate send", "TO AMOUNT", CLI_TX_OPTIONS | CLI_BIT(CLI_MEMO) | CLI_BIT(CLI_TRACE),
     cli_run_simulate_send, "a transfer without doing it",
     "baals simulate send bl1... 250 --from alice"},
    {"simulate deploy", "FILE", CLI_TX_OPTIONS | CLI_DEPLOY_OPTIONS | CLI_BIT(CLI_TRACE),
     cli_run_simulate_deploy, "a deploy without doing it",
     "baals simulate deploy counter.wasm --from alice"},
    {"simulate call", "CONTRACT METHOD [ARGS...]",
     CLI_TX_OPTIONS | CLI_BIT(CLI_VALUE) | CLI_BIT(CLI_RAW) | CLI_BIT(CLI_TRACE),
     cli_run_simulate_call, "a call without doing it",
     "baals simulate call blc1... add u:5 --from alice\n"
     "baals simulate call blc1... add u:5 --from alice --trace"},
    {"abi", "FILE|CONTRACT", 0, cli_run_abi, "how a contract describes itself",
     "baals abi token.wasm\nbaals abi blc1... --json"},
    {"inspect chain", "", 0, cli_run_inspect_chain, "where the chain stands",
     "baals inspect chain --json"},
    {"inspect block", "HEIGHT|HASH|latest", 0, cli_run_inspect_block, "a block",
     "baals inspect block latest"},
    {"inspect header", "HEIGHT|HASH|latest", 0, cli_run_inspect_header,
     "a block's header and seal, also of a block that was given up", "baals inspect header 0"},
    {"inspect tx", "ID", CLI_BIT(CLI_RAW), cli_run_inspect_tx,
     "a transaction, committed or pending", NULL},
    {"inspect receipt", "ID", CLI_BIT(CLI_RAW), cli_run_inspect_receipt,
     "what became of a transaction", NULL},
    {"inspect account", "ADDRESS", CLI_BIT(CLI_LIMIT), cli_run_inspect_account,
     "an account and its newest transactions", NULL},
    {"inspect contract", "CONTRACT", 0, cli_run_inspect_contract, "a contract", NULL},
    {"events", "", CLI_BIT(CLI_AFTER) | CLI_BIT(CLI_FOLLOW) | CLI_BIT(CLI_LIMIT) | CLI_BIT(CLI_RAW),
     cli_run_events, "what was committed, one line each",
     "baals events\nbaals events --after now --follow\nbaals events --after 4096.1"},
    {"wallet new", "NAME", CLI_SECRET_OPTIONS, cli_run_wallet_new, "make a key",
     "baals wallet new alice"},
    {"wallet list", "", 0, cli_run_wallet_list, "the keys there are", NULL},
    {"wallet show", "NAME", 0, cli_run_wallet_show, "a key's address", NULL},
    {"wallet import", "NAME FILE", CLI_SECRET_OPTIONS, cli_run_wallet_import,
     "take in a key file (64 hex digits; - reads stdin)", NULL},
    {"wallet export", "NAME FILE", CLI_UNLOCK_OPTIONS, cli_run_wallet_export,
     "write a key into a new file, not encrypted (- is stdout)", NULL},
    {"verify", "[DIR]", CLI_BIT(CLI_REPLAY), cli_run_verify, "check everything stored",
     "baals verify ./chain --replay"},
    {"repair", "[DIR]", CLI_BIT(CLI_STORAGE) | CLI_BIT(CLI_HEADERS), cli_run_repair,
     "rebuild the key-value store from the journal",
     "baals repair ./chain\nbaals repair ./chain --storage rocksdb\n"
     "baals repair ./chain --headers drop      when the kept headers are damaged"},
    {"prune", "[DIR]", CLI_BIT(CLI_KEEP) | CLI_BIT(CLI_HEADERS), cli_run_prune,
     "give up old blocks; a snapshot of the state stands for them",
     "baals prune ./chain --keep 100000\nbaals prune ./chain --keep 100000 --headers keep"},
    {"export", "FILE", 0, cli_run_export, "write the whole chain into a new file (- is stdout)",
     "baals export chain.baals"},
    {"import", "FILE [DIR]", CLI_BIT(CLI_AUTHORITY_KEY) | CLI_BIT(CLI_STORAGE), cli_run_import,
     "make a chain from an export, or catch up with it", "baals import chain.baals ./copy"},
    {"prove", "STORE KEY", 0, cli_run_prove,
     "prove that a record is there, or is not (accounts, storage, code, meta)",
     "baals prove accounts bl1... --json >proof.json\n"
     "baals prove storage blc1.../6b6579      the key in hex behind the contract"},
    {"verify-proof", "FILE [STATE_ROOT]", 0, cli_run_verify_proof,
     "check a proof that prove --json printed", "baals verify-proof proof.json"},
    {"new contract", "NAME", CLI_BIT(CLI_LANG), cli_run_new_contract,
     "make a folder with a contract that works, and the kit to build it with",
     "baals new contract shop --lang rust"},
    {"test", "[PATH...]",
     CLI_BIT(CLI_MODULE) | CLI_BIT(CLI_FILTER) | CLI_BIT(CLI_SEED) | CLI_BIT(CLI_GAS) |
         CLI_BIT(CLI_UPDATE),
     cli_run_test, "try contracts on a chain in memory, as scenario files say",
     "baals test\nbaals test token.scenario.json --filter transfer\n"
     "baals test token.scenario.json --module token=build/token.wasm"},
    {"bench", "",
     CLI_BIT(CLI_QUICK) | CLI_BIT(CLI_RUNS) | CLI_BIT(CLI_ONLY) | CLI_BIT(CLI_LIST) |
         CLI_BIT(CLI_BLOCKS) | CLI_BIT(CLI_TXS) | CLI_BIT(CLI_MARKDOWN) | CLI_BIT(CLI_STORAGE) |
         CLI_BIT(CLI_STATE_BYTES),
     cli_run_bench, "measure this build on this machine, in a folder of its own in --dir (.)",
     "baals bench --list\nbaals bench --json\nbaals bench --only transfers --runs 9\n"
     "baals bench --only growth --blocks 1000000\nbaals bench --only 10m --runs 1\n"
     "baals bench --storage rocksdb --only latency"},
    {"help", "[COMMAND...]", 0, NULL, "this list, or help about a command", NULL},
    {"version", "", 0, NULL, "the version", NULL},
};
const size_t cli_command_count = BL_COUNT_OF(cli_commands);
