/* stencil: shapes.py:25

   if (n - 2) * (n - 2) * 9 is large:
     for _ in 0 .. T:
       launch stencil_i_tile over 0 .. (n - 2)//16 + 1 x 0 .. (n - 2)//16 + 1, 16 x 16 items each
       launch stencil_i_tile2 over 0 .. (n - 2)//16 + 1 x 0 .. (n - 2)//16 + 1, 16 x 16 items each
   else:
     launch stencil__
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

__kernel void stencil_i_tile(int64_t n, int64_t A_shape1, int64_t B_shape1,
                             __global const double *restrict A, __global double *restrict B)
{
    for (int64_t i_tile = get_group_id(1); i_tile < floord(n + 14, 16);
         i_tile += get_num_groups(1)) {
        for (int64_t j_tile = get_group_id(0); j_tile < (n + 14) / 16;
             j_tile += get_num_groups(0)) {
            const int64_t i = max_i64(1, 16 * i_tile) + get_local_id(1);
            if (i < min_i64(n - 1, 16 * i_tile + 16)) {
                const int64_t j = max_i64(1, 16 * j_tile) + get_local_id(0);
                if (j < min_i64(n - 1, 16 * j_tile + 16)) {
                    /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] +
                       A[i, j + 1])   S1 */
                    B[i * B_shape1 + j] = 0.25
                            * (A[(i - 1) * A_shape1 + j] + A[(i + 1) * A_shape1 + j]
                            + A[i * A_shape1 + (j - 1)] + A[i * A_shape1 + (j + 1)]);
                }
            }
        }
    }
}

__kernel void stencil_i_tile2(int64_t n, int64_t A_shape1, int64_t B_shape1,
                              __global double *restrict A, __global const double *restrict B)
{
    for (int64_t i_tile2 = get_group_id(1); i_tile2 < floord(n + 14, 16);
         i_tile2 += get_num_groups(1)) {
        for (int64_t j_tile2 = get_group_id(0); j_tile2 < (n + 14) / 16;
             j_tile2 += get_num_groups(0)) {
            const int64_t i = max_i64(1, 16 * i_tile2) + get_local_id(1);
            if (i < min_i64(n - 1, 16 * i_tile2 + 16)) {
                const int64_t j = max_i64(1, 16 * j_tile2) + get_local_id(0);
                if (j < min_i64(n - 1, 16 * j_tile2 + 16)) {
                    /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                    A[i * A_shape1 + j] = B[i * B_shape1 + j];
                }
            }
        }
    }
}

__kernel void stencil__(int64_t T, int64_t n, int64_t A_shape1, int64_t B_shape1,
                        __global double *restrict A, __global double *restrict B)
{
    for (int64_t v_ = 0; v_ < T; v_++) {
        for (int64_t i_tile = 0; i_tile < floord(n + 14, 16); i_tile++) {
            for (int64_t j_tile = 0; j_tile < (n + 14) / 16; j_tile++) {
                for (int64_t i = max_i64(1, 16 * i_tile); i < min_i64(n - 1, 16 * i_tile + 16);
                     i++) {
                    for (int64_t j = max_i64(1, 16 * j_tile); j < min_i64(n - 1, 16 * j_tile + 16);
                         j++) {
                        /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1]
                           + A[i, j + 1])   S1 */
                        B[i * B_shape1 + j] = 0.25
                                * (A[(i - 1) * A_shape1 + j] + A[(i + 1) * A_shape1 + j]
                                + A[i * A_shape1 + (j - 1)] + A[i * A_shape1 + (j + 1)]);
                    }
                }
            }
        }
        for (int64_t i_tile2 = 0; i_tile2 < floord(n + 14, 16); i_tile2++) {
            for (int64_t j_tile2 = 0; j_tile2 < (n + 14) / 16; j_tile2++) {
                for (int64_t i = max_i64(1, 16 * i_tile2); i < min_i64(n - 1, 16 * i_tile2 + 16);
                     i++) {
                    for (int64_t j = max_i64(1, 16 * j_tile2);
                         j < min_i64(n - 1, 16 * j_tile2 + 16); j++) {
                        /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                        A[i * A_shape1 + j] = B[i * B_shape1 + j];
                    }
                }
            }
        }
    }
}
