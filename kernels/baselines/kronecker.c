#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_kronecker(SIZE(NI), SIZE(NJ), SIZE(NK), SIZE(NL), DATA_TYPE C[restrict NI][NK][NJ][NL],
                      const DATA_TYPE A[restrict NI][NJ], const DATA_TYPE B[restrict NK][NL])
{
    for (int64_t i = 0; i < NI; i++)
        for (int64_t j = 0; j < NJ; j++)
            for (int64_t k = 0; k < NK; k++)
                for (int64_t l = 0; l < NL; l++)
                    C[i][k][j][l] = A[i][j] * B[k][l];
}
