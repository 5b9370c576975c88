#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

/* The coefficients are formed in double precision and rounded once. */
void kernel_adi(SIZE(TSTEPS), SIZE(N), DATA_TYPE u[restrict N][N], DATA_TYPE v[restrict N][N],
                DATA_TYPE p[restrict N][N], DATA_TYPE q[restrict N][N])
{
    const double dx = 1.0 / N, dy = 1.0 / N, dt = 1.0 / TSTEPS;
    const double mul1 = 2 * dt / (dx * dx), mul2 = dt / (dy * dy);
    const DATA_TYPE a = -mul1 / 2, b = 1 + mul1, c = a;
    const DATA_TYPE d = -mul2 / 2, e = 1 + mul2, f = d;
    const DATA_TYPE middle_u = 1 - mul2, middle_v = 1 - mul1;

    for (int64_t t = 1; t <= TSTEPS; t++) {
        for (int64_t i = 1; i < N - 1; i++) {
            v[0][i] = 1;
            p[i][0] = 0;
            q[i][0] = v[0][i];
            for (int64_t j = 1; j < N - 1; j++) {
                p[i][j] = -c / (a * p[i][j - 1] + b);
                q[i][j] = (-d * u[j][i - 1] + middle_u * u[j][i] - f * u[j][i + 1] - a * q[i][j - 1])
                          / (a * p[i][j - 1] + b);
            }
            v[N - 1][i] = 1;
            for (int64_t j = N - 2; j >= 1; j--)
                v[j][i] = p[i][j] * v[j + 1][i] + q[i][j];
        }
        for (int64_t i = 1; i < N - 1; i++) {
            u[i][0] = 1;
            p[i][0] = 0;
            q[i][0] = u[i][0];
            for (int64_t j = 1; j < N - 1; j++) {
                p[i][j] = -f / (d * p[i][j - 1] + e);
                q[i][j] = (-a * v[i - 1][j] + middle_v * v[i][j] - c * v[i + 1][j] - d * q[i][j - 1])
                          / (d * p[i][j - 1] + e);
            }
            u[i][N - 1] = 1;
            for (int64_t j = N - 2; j >= 1; j--)
                u[i][j] = p[i][j] * u[i][j + 1] + q[i][j];
        }
    }
}
