/* simd_paths.h - the paths that are not portable; NULL where this machine has one not. */
#ifndef AWL_SIMD_PATHS_H
#define AWL_SIMD_PATHS_H

#include "simd.h"

/* The portable one, for those that have no better. */
unsigned simd_places(const uint64_t *mask, size_t words, uint16_t *out);

const struct simd *simd_sse2(void);
const struct simd *simd_avx2(void);
const struct simd *simd_avx512(void);
const struct simd *simd_neon(void);

#endif
