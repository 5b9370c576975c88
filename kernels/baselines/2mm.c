#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_2mm(SIZE(NI), SIZE(NJ), SIZE(NK), SIZE(NL), DATA_TYPE alpha, DATA_TYPE beta,
                DATA_TYPE tmp[restrict NI][NJ], const DATA_TYPE A[restrict NI][NK],
                const DATA_TYPE B[restrict NK][NJ], const DATA_TYPE C[restrict NJ][NL],
                DATA_TYPE D[restrict NI][NL])
{
    for (int64_t i = 0; i < NI; i++)
        for (int64_t j = 0; j < NJ; j++) {
            tmp[i][j] = 0;
            for (int64_t k = 0; k < NK; k++)
                tmp[i][j] += alpha * A[i][k] * B[k][j];
        }
    for (int64_t i = 0; i < NI; i++)
        for (int64_t j = 0; j < NL; j++) {
            D[i][j] *= beta;
            for (int64_t k = 0; k < NJ; k++)
                D[i][j] += tmp[i][k] * C[k][j];
        }
}
