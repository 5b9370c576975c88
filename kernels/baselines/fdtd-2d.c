#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_fdtd_2d(SIZE(TMAX), SIZE(NX), SIZE(NY), DATA_TYPE ex[restrict NX][NY],
                    DATA_TYPE ey[restrict NX][NY], DATA_TYPE hz[restrict NX][NY],
                    const DATA_TYPE fict[restrict TMAX])
{
    for (int64_t t = 0; t < TMAX; t++) {
        for (int64_t j = 0; j < NY; j++)
            ey[0][j] = fict[t];
        for (int64_t i = 1; i < NX; i++)
            for (int64_t j = 0; j < NY; j++)
                ey[i][j] -= REAL(0.5) * (hz[i][j] - hz[i - 1][j]);
        for (int64_t i = 0; i < NX; i++)
            for (int64_t j = 1; j < NY; j++)
                ex[i][j] -= REAL(0.5) * (hz[i][j] - hz[i][j - 1]);
        for (int64_t i = 0; i < NX - 1; i++)
            for (int64_t j = 0; j < NY - 1; j++)
                hz[i][j] -= REAL(0.7) * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
    }
}
