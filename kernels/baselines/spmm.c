#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_spmm(SIZE(N), SIZE(P), SIZE(NNZ), SIZE(J), const int32_t ptr[restrict P],
                 const int32_t col[restrict NNZ], const DATA_TYPE val[restrict NNZ],
                 const DATA_TYPE B[restrict N][J], DATA_TYPE C[restrict N][J])
{
    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j < J; j++)
            C[i][j] = 0;
        for (int64_t k = ptr[i]; k < ptr[i + 1]; k++)
            for (int64_t j = 0; j < J; j++)
                C[i][j] += val[k] * B[col[k]][j];
    }
}
