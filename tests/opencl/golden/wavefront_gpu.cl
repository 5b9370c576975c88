/* wavefront: shapes.py:51

   if (n - 1) * (m - 1) * 3 is large:
     for i_tile in 0 .. (m + 2*n - 3)//32 + 1:
       launch wavefront_j_tile_tile over max((i_tile + 1)//128, (32*i_tile - n + 32)//2048) .. min((m + n - 2)//2048, (i_tile)//64, (32*i_tile + m + 30)//4096) + 1, 64 items each
   else:
     launch wavefront_i_tile
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return b & (b - 1) ? a / b - (a % b < 0) : (a - (a & (b - 1))) / b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return b > a ? b : a;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return b < a ? b : a;
}

__kernel void wavefront_j_tile_tile(int64_t i_tile, int64_t n, int64_t m,
                                    __global double *restrict A)
{
    const int64_t j_tile_tile_start =
            max_i64((i_tile + 1) / 128, floord(32 * i_tile - n + 32, 2048));
    const int64_t j_tile_tile_end =
            min_i64((m + n + 2046) / 2048,
            min_i64((i_tile + 64) / 64, (32 * i_tile + m + 4126) / 4096));
    for (int64_t j_tile_tile = j_tile_tile_start + get_group_id(0); j_tile_tile < j_tile_tile_end;
         j_tile_tile += get_num_groups(0)) {
        const int64_t j_tile =
                max_i64(64 * j_tile_tile, max_i64(i_tile - (n + 31) / 32 + 1, (i_tile + 1) / 2))
                + get_local_id(0);
        if (j_tile
                < min_i64(i_tile + 1,
                min_i64(64 * j_tile_tile + 64,
                min_i64((m + n + 30) / 32, (32 * i_tile + m + 94) / 64)))) {
            const int64_t i_start =
                    max_i64(1, max_i64(32 * i_tile - 32 * j_tile, 32 * j_tile - m + 1));
            const int64_t i_end =
                    min_i64(n, min_i64(32 * j_tile + 31, 32 * i_tile - 32 * j_tile + 32));
            for (int64_t i = i_start; i < i_end; i++) {
                for (int64_t j = max_i64(32 * j_tile, i + 1); j < min_i64(32 * j_tile + 32, i + m);
                     j++) {
                    /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                    A[i * m + (j - i)] = A[(i - 1) * m + (j - i)] + A[i * m + (j - i - 1)];
                }
            }
        }
    }
}

__kernel void wavefront_i_tile(int64_t n, int64_t m, __global double *restrict A)
{
    for (int64_t i_tile = 0; i_tile < floord(2 * n + m + 29, 32); i_tile++) {
        const int64_t j_tile_tile_start_2 =
                max_i64((i_tile + 1) / 128, floord(32 * i_tile - n + 32, 2048));
        const int64_t j_tile_tile_end_2 =
                min_i64((m + n + 2046) / 2048,
                min_i64((i_tile + 64) / 64, (32 * i_tile + m + 4126) / 4096));
        for (int64_t j_tile_tile = j_tile_tile_start_2; j_tile_tile < j_tile_tile_end_2;
             j_tile_tile++) {
            const int64_t j_tile_start =
                    max_i64(64 * j_tile_tile,
                    max_i64(i_tile - (n + 31) / 32 + 1, (i_tile + 1) / 2));
            const int64_t j_tile_end =
                    min_i64(i_tile + 1,
                    min_i64(64 * j_tile_tile + 64,
                    min_i64((m + n + 30) / 32, (32 * i_tile + m + 94) / 64)));
            for (int64_t j_tile = j_tile_start; j_tile < j_tile_end; j_tile++) {
                const int64_t i_start_2 =
                        max_i64(1, max_i64(32 * i_tile - 32 * j_tile, 32 * j_tile - m + 1));
                const int64_t i_end_2 =
                        min_i64(n, min_i64(32 * j_tile + 31, 32 * i_tile - 32 * j_tile + 32));
                for (int64_t i = i_start_2; i < i_end_2; i++) {
                    for (int64_t j = max_i64(32 * j_tile, i + 1);
                         j < min_i64(32 * j_tile + 32, i + m); j++) {
                        /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                        A[i * m + (j - i)] = A[(i - 1) * m + (j - i)] + A[i * m + (j - i - 1)];
                    }
                }
            }
        }
    }
}
