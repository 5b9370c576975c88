#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_sddmm(SIZE(N), SIZE(P), SIZE(NNZ), SIZE(J), const int32_t ptr[restrict P],
                  const int32_t col[restrict NNZ], const DATA_TYPE val[restrict NNZ],
                  const DATA_TYPE A[restrict N][J], const DATA_TYPE B[restrict N][J],
                  DATA_TYPE out[restrict NNZ])
{
    for (int64_t i = 0; i < N; i++)
        for (int64_t k = ptr[i]; k < ptr[i + 1]; k++) {
            DATA_TYPE total = 0;
            for (int64_t j = 0; j < J; j++)
                total += A[i][j] * B[col[k]][j];
            out[k] = total * val[k];
        }
}
