#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_tensor_4(SIZE(NI), SIZE(NJ), SIZE(NK), SIZE(NL), DATA_TYPE C[restrict NI][NJ][NK],
                     const DATA_TYPE A[restrict NI][NL][NJ], const DATA_TYPE B[restrict NL][NK])
{
    for (int64_t i = 0; i < NI; i++)
        for (int64_t j = 0; j < NJ; j++)
            for (int64_t k = 0; k < NK; k++)
                for (int64_t l = 0; l < NL; l++)
                    C[i][j][k] += A[i][l][j] * B[l][k];
}
