#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_3mm(SIZE(NI), SIZE(NJ), SIZE(NK), SIZE(NL), SIZE(NM), DATA_TYPE E[restrict NI][NJ],
                const DATA_TYPE A[restrict NI][NK], const DATA_TYPE B[restrict NK][NJ],
                DATA_TYPE F[restrict NJ][NL], const DATA_TYPE C[restrict NJ][NM],
                const DATA_TYPE D[restrict NM][NL], DATA_TYPE G[restrict NI][NL])
{
    for (int64_t i = 0; i < NI; i++)
        for (int64_t j = 0; j < NJ; j++) {
            E[i][j] = 0;
            for (int64_t k = 0; k < NK; k++)
                E[i][j] += A[i][k] * B[k][j];
        }
    for (int64_t i = 0; i < NJ; i++)
        for (int64_t j = 0; j < NL; j++) {
            F[i][j] = 0;
            for (int64_t k = 0; k < NM; k++)
                F[i][j] += C[i][k] * D[k][j];
        }
    for (int64_t i = 0; i < NI; i++)
        for (int64_t j = 0; j < NL; j++) {
            G[i][j] = 0;
            for (int64_t k = 0; k < NJ; k++)
                G[i][j] += E[i][k] * F[k][j];
        }
}
