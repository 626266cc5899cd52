/* simd_paths.h - the paths that are not portable; NULL where this machine has one not. */
#ifndef AWL_SIMD_PATHS_H
#define AWL_SIMD_PATHS_H

#include "simd.h"

/* The portable ones, for those that have no better. */
unsigned simd_places(const uint64_t *mask, size_t words, uint16_t *out);
size_t simd_candidates(const struct byte_tables *t, const char *p, size_t n, size_t at,
                       uint8_t out[SIMD_STEP], uint32_t *some);

const struct simd *simd_sse2(void);
const struct simd *simd_avx2(void);
const struct simd *simd_avx512(void);
const struct simd *simd_neon(void);

#endif
