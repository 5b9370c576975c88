#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_coo(SIZE(N), SIZE(NNZ), const int32_t row[restrict NNZ], const int32_t col[restrict NNZ],
                const DATA_TYPE val[restrict NNZ], const DATA_TYPE x[restrict N], DATA_TYPE y[restrict N])
{
    for (int64_t e = 0; e < NNZ; e++)
        y[row[e]] += val[e] * x[col[e]];
}
