#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_doitgen(SIZE(NQ), SIZE(NR), SIZE(NP), DATA_TYPE A[restrict NR][NQ][NP],
                    const DATA_TYPE C4[restrict NP][NP], DATA_TYPE acc[restrict NP])
{
    for (int64_t r = 0; r < NR; r++)
        for (int64_t q = 0; q < NQ; q++) {
            for (int64_t p = 0; p < NP; p++) {
                acc[p] = 0;
                for (int64_t s = 0; s < NP; s++)
                    acc[p] += A[r][q][s] * C4[s][p];
            }
            for (int64_t p = 0; p < NP; p++)
                A[r][q][p] = acc[p];
        }
}
