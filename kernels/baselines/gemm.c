#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_gemm(SIZE(NI), SIZE(NJ), SIZE(NK), DATA_TYPE alpha, DATA_TYPE beta,
                 DATA_TYPE C[restrict NI][NJ], const DATA_TYPE A[restrict NI][NK],
                 const DATA_TYPE B[restrict NK][NJ])
{
    for (int64_t i = 0; i < NI; i++) {
        for (int64_t j = 0; j < NJ; j++)
            C[i][j] *= beta;
        for (int64_t k = 0; k < NK; k++)
            for (int64_t j = 0; j < NJ; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
    }
}
