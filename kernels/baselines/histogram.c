#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_histogram(SIZE(N), SIZE(B), const DATA_TYPE v[restrict N], DATA_TYPE low, DATA_TYPE scale,
                      int32_t bins[restrict B])
{
    for (int64_t i = 0; i < N; i++) {
        const int64_t b = (int64_t)((v[i] - low) * scale);
        if (v[i] >= low && b < B)
            bins[b]++;
    }
}
