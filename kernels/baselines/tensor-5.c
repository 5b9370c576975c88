#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_tensor_5(SIZE(NA), SIZE(NB), SIZE(NC), SIZE(ND), SIZE(NE),
                     DATA_TYPE C[restrict NA][NB][NC], const DATA_TYPE A[restrict NA][ND][NE][NB],
                     const DATA_TYPE B[restrict ND][NC][NE])
{
    for (int64_t a = 0; a < NA; a++)
        for (int64_t b = 0; b < NB; b++)
            for (int64_t c = 0; c < NC; c++)
                for (int64_t d = 0; d < ND; d++)
                    for (int64_t e = 0; e < NE; e++)
                        C[a][b][c] += A[a][d][e][b] * B[d][c][e];
}
