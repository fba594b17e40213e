#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

// For functions that are compiled for a machine that has what
// VectorUnit::kAvx512 or kAvx2 says.
#define COFFERDAM_TARGET_AVX512                                             \
  __attribute__((target(                                                    \
      "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx2,bmi," \
      "bmi2,lzcnt,popcnt")))
#define COFFERDAM_TARGET_AVX2 \
  __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

#endif
