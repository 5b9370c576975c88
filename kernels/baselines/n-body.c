#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_n_body(SIZE(N), DATA_TYPE soft, const DATA_TYPE mass[restrict N], const DATA_TYPE x[restrict N],
                   const DATA_TYPE y[restrict N], const DATA_TYPE z[restrict N], DATA_TYPE ax[restrict N],
                   DATA_TYPE ay[restrict N], DATA_TYPE az[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        DATA_TYPE sx = 0, sy = 0, sz = 0;
        for (int64_t j = 0; j < N; j++) {
            const DATA_TYPE dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const DATA_TYPE square = dx * dx + dy * dy + dz * dz + soft;
            const DATA_TYPE weight = mass[j] / (square * sqrt(square));
            sx += dx * weight;
            sy += dy * weight;
            sz += dz * weight;
        }
        ax[i] = sx;
        ay[i] = sy;
        az[i] = sz;
    }
}
