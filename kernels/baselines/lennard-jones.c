#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_lennard_jones(SIZE(N), DATA_TYPE cutoff, const DATA_TYPE x[restrict N], const DATA_TYPE y[restrict N],
                          const DATA_TYPE z[restrict N], DATA_TYPE fx[restrict N], DATA_TYPE fy[restrict N],
                          DATA_TYPE fz[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        DATA_TYPE sx = 0, sy = 0, sz = 0;
        for (int64_t j = 0; j < N; j++) {
            const DATA_TYPE dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
            const DATA_TYPE square = dx * dx + dy * dy + dz * dz;
            if (square >= cutoff || square <= 0)
                continue;
            const DATA_TYPE near = 1 / square, sixth = near * near * near;
            const DATA_TYPE force = 48 * near * sixth * (sixth - REAL(0.5));
            sx += dx * force;
            sy += dy * force;
            sz += dz * force;
        }
        fx[i] = sx;
        fy[i] = sy;
        fz[i] = sz;
    }
}
