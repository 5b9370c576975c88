#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_spmv(SIZE(N), SIZE(P), SIZE(NNZ), const int32_t ptr[restrict P], const int32_t col[restrict NNZ],
                 const DATA_TYPE val[restrict NNZ], const DATA_TYPE x[restrict N], DATA_TYPE y[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        DATA_TYPE total = 0;
        for (int64_t k = ptr[i]; k < ptr[i + 1]; k++)
            total += val[k] * x[col[k]];
        y[i] = total;
    }
}
