/* SPDX-License-Identifier: MIT */
#ifndef BAALS_BAALS_H
#define BAALS_BAALS_H
/**
 * BaaLS, the SQLite of blockchains: one header for the whole public API.
 *
 * Argument order everywhere: handle, outputs, inputs (a length follows its pointer), flags,
 * callback and its ctx, `baals_error *err` last. On failure outputs are untouched.
 */
#include "baals/chain.h"
#include "baals/error.h"
#include "baals/proof.h"
#include "baals/stats.h"
#include "baals/trace.h"
#include "baals/tx.h"
#include "baals/types.h"

#define BAALS_VERSION_MAJOR 0
#define BAALS_VERSION_MINOR 1
#define BAALS_VERSION_PATCH 0
#define BAALS_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library at run time. */
BAALS_API const char *baals_version(void);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_BAALS_H */
